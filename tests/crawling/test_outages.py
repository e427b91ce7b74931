"""The site is away for six runs over six days, with articles pending and articles edited: nothing is lost.

After that the corpus is that of an undisturbed crawl, and nothing else was ever published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from http_server import QuietHandler, serving
from replica_server import ReplicaProcess, start_replica
from scrapy_process import Corpus, scrapy, start_scrapy
from scrapyd_server import until
from undisturbed import NOW, TRUTH, content, story

pytestmark = pytest.mark.chaos

DAY_0 = datetime.fromisoformat(NOW)
DAY_8 = DAY_0 + timedelta(days=8)
SETTINGS = {"ALQAHIRA_BROWSER": "never", "ALQAHIRA_PART_MAX_ROWS": "1"}
OUTAGE = {"RETRY_TIMES": "0", "ALQAHIRA_BACKOFF_BASE": "0.01"}
RUNS, EDITED_BEFORE_RUN = 6, 3
# Fields of an article that was edited which depend on when that was, and on when it was fetched first.
OF_THE_EDIT = {"revision", "revision_reason", "date_modified"}

MAINTENANCE = (
    "<html><head><title>القاهرة الإخبارية</title></head><body><main><h1>الموقع تحت الصيانة</h1><article>"
    + "<p>نعمل الآن على تحديث الموقع ليعود إليكم بصورة أفضل، ونعتذر عن أي إزعاج خلال هذه الفترة القصيرة.</p>" * 3
    + "</article></main></body></html>"
).encode()
CLOUDFLARE = b"<html><head><title>Just a moment...</title></head><body></body></html>"
CHALLENGE = (
    "<html><head><title>Security check</title></head><body><main><h1>التحقق من أنك لست برنامجًا آليًا</h1><article>"
    + "<p>نتحقق الآن من متصفحك قبل الانتقال إلى الصفحة المطلوبة، وسيستغرق ذلك بضع ثوان فقط، فيرجى الانتظار.</p>" * 3
    + "</article></main></body></html>"
).encode()


# --- a site with a front ----------------------------------------------------------------------------


@dataclass
class Front:
    """A server before the replica, always at the same address: it passes requests on, or answers them itself."""

    replica: ReplicaProcess
    root: str = ""
    clock: datetime = DAY_0
    fault: Callable[[FrontHandler], bool] | None = None  # whether it has answered the request
    asked: list[str] = field(default_factory=list)


class FrontHandler(QuietHandler):
    front: Front

    def do_GET(self) -> None:
        front = self.front
        front.asked.append(self.path)
        if front.fault is None or not front.fault(self):
            self.pass_on()

    def pass_on(self, change: Callable[[bytes], bytes] = bytes, sent: Callable[[bytes], bytes] = bytes) -> None:
        """The replica's answer, with the front's address; `change` makes its body, and `sent` what is sent of that."""
        names = ("If-None-Match", "If-Modified-Since")
        answer = self.front.replica.get(self.path, {name: self.headers[name] for name in names if self.headers[name]})
        body = change(answer.body.replace(self.front.replica.url.encode(), self.front.root.encode()))
        kept = {name: answer.headers[name] for name in ("ETag", "Last-Modified") if answer.headers[name]}
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.headers["Content-Type"], **kept}.items():
            self.send_header(name, value or "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(sent(body))

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.front.clock, usegmt=True)


@contextmanager
def site_behind_a_front() -> Iterator[tuple[Front, type[FrontHandler]]]:
    """A replica, and the handler of its front; the caller opens the server, and may close it."""
    replica = start_replica("--articles", "12", "--now", NOW, "--control")
    front = Front(replica)
    try:
        yield front, type("OneFront", (FrontHandler,), {"front": front})
    finally:
        replica.stop()


# --- what an undisturbed crawl gives ------------------------------------------------------------------


@dataclass
class Undisturbed:
    """The corpus of crawls on day 0 and on day 8, with two articles edited in between."""

    port: int
    records: dict[str, dict]
    edited: list[int]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Undisturbed:
    with site_behind_a_front() as (front, handler), serving(handler) as server:
        front.root = f"http://localhost:{server.server_port}"
        corpus = Corpus(tmp_path_factory.mktemp("undisturbed") / "output", front.root)
        assert corpus.crawl("defense", settings=SETTINGS, clock=DAY_0).status == 0
        is_plain = [n for n in corpus.by_id() if n not in TRUTH or not (TRUTH[n].duplicate_of or TRUTH[n].tolerance)]
        edited = sorted(map(int, is_plain))[-2:]
        for number in edited:
            front.replica.revise(number)
        front.clock = DAY_8
        assert corpus.crawl("defense", settings=SETTINGS, clock=DAY_8).status == 0
        newest = corpus.by_id()
        assert [newest[str(number)]["revision"] for number in edited] == [2, 2]
        assert len(newest) > 15
        return Undisturbed(server.server_port, {story(record): record for record in newest.values()}, edited)


def differences(corpus: Corpus, expected: Undisturbed) -> list[str]:
    """What was lost, published without need, or is unlike the undisturbed corpus, but for times of crawling."""
    records = corpus.records()
    newest = {story(record): record for record in corpus.by_id().values()}
    found = [f"twice: {key}" for key, n in Counter((story(r), r["revision"]) for r in records).items() if n > 1]
    found += [f"lost: {name}" for name in expected.records.keys() - newest.keys()]
    found += [f"invented: {name}" for name in newest.keys() - expected.records.keys()]
    for name in newest.keys() & expected.records.keys():
        mine, other = newest[name], expected.records[name]
        times = OF_THE_EDIT if int(mine["article_id"]) in expected.edited else set()
        if not times and mine["revision"] != 1:
            found.append(f"revised: {name} {mine['revision']} times")
        if mine["article_id"] == other["article_id"]:
            values, others = content(mine), content(other)
            unlike = [key for key in values if key not in times and values[key] != others[key]]
            found += [f"unlike: {name} in {key}: {values[key]!r}, not {others[key]!r}" for key in unlike]
    return found


# --- the faults -------------------------------------------------------------------------------------


def answering(status: int, body: bytes = b"", *, robots: bool = True, **headers: str):
    """Every request, or every one but robots.txt, gets this answer."""

    def fault(handler: FrontHandler) -> bool:
        if robots or handler.path != "/robots.txt":
            handler.answer(body, "text/html; charset=utf-8", status, **headers)
            return True
        return False

    return fault


def cut_half(handler: FrontHandler) -> bool:
    """Every other article ends in the middle of its body."""
    if not handler.path.startswith("/news/") or int(handler.path.split("/")[2]) % 2:
        return False
    handler.close_connection = True
    handler.pass_on(sent=lambda body: body[: len(body) // 2])
    return True


def cut_half_before(handler: FrontHandler) -> bool:
    """The same, by the site itself: the response is whole, its page is not."""
    if not handler.path.startswith("/news/") or int(handler.path.split("/")[2]) % 2:
        return False
    handler.pass_on(change=lambda body: body[: len(body) // 2])
    return True


@dataclass
class Fault:
    """`answer`: instead of the site's; without one nothing listens. `status`: of each run during the fault."""

    answer: Callable[[FrontHandler], bool] | None = None
    status: int | None = 1
    says: str = ""
    environment: dict[str, str] = field(default_factory=dict)


FAULTS = [
    pytest.param(Fault(says="dns", environment={"PRETENDED_NO_DNS": "1"}), id="names do not resolve"),
    pytest.param(Fault(says="connection_refused"), id="connections are refused"),
    pytest.param(Fault(answering(403), says="http_403"), id="403 to all"),
    pytest.param(Fault(answering(429), says="nor robots.txt: http_429"), id="429 to all"),
    pytest.param(Fault(answering(429, robots=False), says="http_429"), id="429 to all but robots.txt"),
    pytest.param(Fault(answering(503), says="nor robots.txt: http_503"), id="503 to all"),
    pytest.param(Fault(answering(503, robots=False), says="http_503"), id="503 to all but robots.txt"),
    pytest.param(
        Fault(answering(503, robots=False, **{"Retry-After": "86400"}), says="no listing answered"),
        id="503 to all for a day",
    ),
    pytest.param(Fault(answering(403, CLOUDFLARE), says="challenge"), id="challenge as 403"),
    pytest.param(Fault(answering(200, CLOUDFLARE, robots=False), says="challenge"), id="known challenge as 200"),
    pytest.param(Fault(answering(200, CHALLENGE, robots=False)), id="unknown challenge as 200"),
    pytest.param(Fault(answering(503, MAINTENANCE, robots=False), says="http_503"), id="maintenance as 503"),
    pytest.param(Fault(answering(200, MAINTENANCE, robots=False)), id="maintenance as 200"),
    pytest.param(Fault(cut_half, status=None, says="truncated"), id="half of the pages cut"),
    pytest.param(Fault(cut_half_before, status=None, says="truncated"), id="half of the pages cut by the site"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_outage_of_six_runs_loses_nothing(fault, undisturbed, tmp_path):
    with site_behind_a_front() as (front, handler):
        front.root = f"http://localhost:{undisturbed.port}"
        corpus = Corpus(tmp_path / "output", front.root)
        with serving(handler, undisturbed.port):
            kill_a_run(front, corpus, str(undisturbed.edited[0]), tmp_path / "log")
        before = corpus.lines()

        for run in range(RUNS):
            if run == EDITED_BEFORE_RUN:
                for number in undisturbed.edited:
                    front.replica.revise(number)
            front.clock = DAY_0 + timedelta(days=1 + run)
            ran = crawl_during(fault, front, handler, corpus)
            assert fault.status in (None, ran.status), ran.stderr
            assert fault.says in (ran.stderr.splitlines()[-1] if fault.status else ran.stderr)
        if fault.answer not in (cut_half, cut_half_before):
            assert sorted(corpus.lines()) == sorted(before)

        front.clock, front.fault = DAY_8, None
        with serving(handler, undisturbed.port):
            ran = corpus.crawl("defense", settings=SETTINGS, clock=DAY_8)
        assert ran.status == 0, ran.stderr
    assert differences(corpus, undisturbed) == []
    verified = scrapy("verify", settings={"ALQAHIRA_OUTPUT_DIR": str(corpus.folder)})
    assert verified.status == 0, verified.stderr


def kill_a_run(front: Front, corpus: Corpus, first: str, log) -> None:
    """A run on day 0 is killed once it has published one article; the answers of all others are held back."""

    def hold(handler: FrontHandler) -> bool:
        is_held = handler.path.startswith("/news/") and handler.path.split("/")[2] != first
        if is_held:
            handler.close_connection = True
            handler.rfile.read()  # until the killed run's connection is closed
        return is_held

    front.fault = hold
    many = {"CONCURRENT_REQUESTS": "500", "CONCURRENT_REQUESTS_PER_DOMAIN": "500"}
    process = start_scrapy("crawl", "defense", settings=corpus.settings | SETTINGS | many, log=log, clock=DAY_0)
    until(lambda: [*corpus.by_id()] == [first], lambda: log.read_text("utf-8"))
    process.kill()
    process.wait(200)


def crawl_during(fault: Fault, front: Front, handler: type[FrontHandler], corpus: Corpus):
    settings, given = SETTINGS | OUTAGE, {"clock": front.clock, **fault.environment}
    if fault.answer is None:
        return corpus.crawl("defense", settings=settings, **given)
    front.fault = fault.answer
    with serving(handler, int(front.root.rpartition(":")[2])):
        return corpus.crawl("defense", settings=settings, **given)
