"""A hostile site: the crawl stays on it, is bounded in size and time, and gives each failure its cause."""

from __future__ import annotations

import gzip
import threading
import zlib
from contextlib import ExitStack

import brotli
import pytest
from http_server import QuietHandler, serving
from scrapy_process import Corpus, scrapy

from alqahira.monitoring.causes import zstd

NO_BROWSER = {
    "ALQAHIRA_BROWSER": "never",
    "RETRY_TIMES": "1",
    "ALQAHIRA_BACKOFF_BASE": "0.01",
    "ALQAHIRA_BACKOFF_MAX": "0.02",
}
ARTICLE = (
    '<html><body><main><div class="container"><div class="row"><div class="col-lg-8"><div class="single-content2">'
    '<div class="entry-header"><h1>وزير الدفاع يستقبل وفدًا عسكريًا في القاهرة {n}</h1></div><article><div class="entry-main-content">'
    '<div class="htmlCode"><p>استقبل وزير الدفاع وفدًا عسكريًا رفيع المستوى لبحث التعاون بين القوات المسلحة في البلدين {n}.</p></div>'
    "</div></article></div></div></div></div></main></body></html>"
)


class Hostile(QuietHandler):
    """Serves a listing whose articles each have a handler in `answers`."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, object]
    requested: list[str]

    def do_GET(self):
        self.requested.append(self.path)
        if self.path.startswith("/category/"):
            links = "".join(
                f'<article><div class="post-thumb"><a class="img-link" href="{path}"></a></div></article>'
                for path in self.answers
            )
            self.send(f"<html><body><main>{links}</main></body></html>".encode())
        elif self.path in self.answers:
            self.answers[self.path](self)
        else:
            self.send(b"", status=404)

    def send(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def serve():
    """Starts hostile servers; returns the root and the list of requested paths."""
    stopped = threading.Event()
    with ExitStack() as running:

        def start(answers):
            handler = type("OneHostile", (Hostile,), {"answers": answers, "requested": [], "stopped": stopped})
            server = running.enter_context(serving(handler))
            return f"http://127.0.0.1:{server.server_port}", handler.requested

        yield start
        stopped.set()


def redirect(target, status=302):
    return lambda h: h.send(b"", status=status, Location=target)


def refresh(target):
    return lambda h: h.send(f'<html><head><meta http-equiv="refresh" content="0;url={target}"></head></html>'.encode())


def article(n):
    return lambda h: h.send(ARTICLE.format(n=n).encode())


def crawl(tmp_path, root, **settings):
    corpus = Corpus(tmp_path / "output", root)
    return corpus, corpus.crawl("defense", settings=NO_BROWSER | settings)


def test_redirect_off_site_or_to_internal_address_is_refused(serve, tmp_path):
    elsewhere, seen = serve({})
    port = elsewhere.rsplit(":", 1)[1]
    targets = [
        f"{elsewhere}/news/1/x",
        f"http://localhost:{port}/",
        f"http://2130706433:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://0x7f.1:{port}/",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
    ]
    answers = {f"/news/{100 + i}/x": redirect(target) for i, target in enumerate(targets)}
    answers |= {f"/news/{200 + i}/x": refresh(target) for i, target in enumerate(targets)}
    answers["/news/300/x"] = article(300)
    root, _ = serve(answers)
    corpus, ran = crawl(tmp_path, root, ALQAHIRA_MAX_FAILED_SHARE="1")
    assert seen == []
    assert [record["article_id"] for record in corpus.records()] == ["300"]
    assert "offsite" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("markup", "encoding"),
    [
        ('<meta http-equiv="refresh" content="0;url=/news/1/new">', "utf-8"),
        ('<META HTTP-EQUIV="Refresh" CONTENT="0;URL=/news/1/new">', "utf-8"),
        ('<meta http-equiv="refresh" content="0;url=/news/1/new">', "utf-16"),
        (" " * 3000 + '<meta http-equiv="refresh" content="0;url=/news/1/new">', "utf-16"),
    ],
)
def test_meta_refresh_is_followed_in_any_encoding(serve, tmp_path, markup, encoding):
    page = f"<html><head>{markup}</head></html>".encode(encoding)
    root, requested = serve({"/news/1/x": lambda h: h.send(page), "/news/1/new": article(1)})
    corpus, _ = crawl(tmp_path, root)
    assert "/news/1/new" in requested
    assert [record["article_id"] for record in corpus.records()] == ["1"]


def test_redirect_loop_ends_with_a_cause(serve, tmp_path):
    root, requested = serve(
        {"/news/1/x": redirect("/news/1/y"), "/news/1/y": redirect("/news/1/x"), "/news/2/x": article(2)}
    )
    corpus, ran = crawl(tmp_path, root)
    assert len([path for path in requested if path.startswith("/news/1/")]) < 8
    assert "redirect" in ran.stderr
    assert [record["article_id"] for record in corpus.records()] == ["2"]


def too_large(h):
    h.send_response(200)
    h.send_header("Content-Type", "text/html")
    h.send_header("Content-Length", str(17 * 1024 * 1024))
    h.end_headers()
    try:
        for _ in range(17):
            h.wfile.write(b"x" * 1024 * 1024)
    except OSError:
        pass


def truncated(h):
    h.send_response(200)
    h.send_header("Content-Type", "text/html")
    h.send_header("Content-Length", "5000")
    h.end_headers()
    h.wfile.write(ARTICLE.format(n=1).encode()[:400])
    h.close_connection = True


ZEROS = b"\0" * (64 * 1024 * 1024)
BOMBS = {
    "gzip": lambda: gzip.compress(ZEROS, 9),
    "deflate": lambda: zlib.compress(ZEROS, 9),
    "br": lambda: brotli.compress(ZEROS, quality=1),
    "zstd": lambda: zstd.compress(ZEROS, 3),
}


def bomb(encoding):
    return lambda h: h.send(BOMBS[encoding](), Content_Encoding=encoding)


def drip(*, headers_too):
    """A response that sends a byte now and then, for ever."""

    def answer(h):
        try:
            h.wfile.write(b"HTTP/1.1 200 OK\r\n")
            if not headers_too:
                h.wfile.write(b"Content-Type: text/html\r\nContent-Length: 100000\r\n\r\n")
            while not h.stopped.wait(0.2):
                h.wfile.write(b"x")
                h.wfile.flush()
        except OSError:
            pass
        h.close_connection = True

    return answer


def in_cp1256(h):
    h.send(ARTICLE.format(n=1).encode("cp1256"))  # its header declares UTF-8


def wrong_encoding(h):
    body = ARTICLE.format(n=5).encode()
    h.send(body.replace("المسلحة".encode(), "المس".encode() + b"\xff\xfe"))


def test_bad_responses_fail_with_a_cause_and_others_are_accepted(serve, tmp_path):
    root, _ = serve(
        {
            "/news/1/x": too_large,
            "/news/2/x": truncated,
            "/news/3/x": bomb("gzip"),
            "/news/4/x": lambda h: h.send(b"", status=500),
            "/news/5/x": wrong_encoding,
            "/news/6/x": lambda h: h.send(b"not gzip", Content_Encoding="gzip"),
            "/news/7/x": article(7),
        }
    )
    corpus, ran = crawl(tmp_path, root, ALQAHIRA_MAX_FAILED_SHARE="1")
    assert [record["article_id"] for record in corpus.records()] == ["7"]
    (account,) = [line for line in ran.stderr.splitlines() if " discovered = " in line]
    for cause in ("too_large", "truncated", "http_500", "bad_encoding"):
        assert cause in account, account
    assert "7 discovered" in account
    assert "Traceback" not in ran.stderr
    assert not any("\ufffd" in line for line in corpus.lines())


def test_unrequested_304_fails_and_is_requested_again(serve, tmp_path):
    answers = iter([lambda h: h.send(b"", status=304), article(1)])
    root, _ = serve({"/news/1/x": lambda h: next(answers)(h)})
    corpus, ran = crawl(tmp_path, root, ALQAHIRA_MAX_FAILED_SHARE="1")
    assert "1 failed (not_modified_unasked 1)" in ran.stderr
    assert corpus.crawl("defense", settings=NO_BROWSER).status == 0
    assert [record["article_id"] for record in corpus.records()] == ["1"]


def test_undecodable_text_in_other_fields_is_dropped(serve, tmp_path):
    page = ARTICLE.format(n=1).replace(
        "<html>",
        '<html><head><meta name="description" content="وصف \ufffd"><meta name="keywords" content="كلمة\ufffd,دفاع">',
    )
    root, _ = serve({"/news/1/x": lambda h: h.send(page.encode())})
    corpus, ran = crawl(tmp_path, root)
    assert ran.status == 0
    (line,) = corpus.lines()
    assert "\ufffd" not in line


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda h: h.send(b"plain" * 60, Content_Encoding="br"), "undecodable"),
        (lambda h: h.send(b"plain" * 60, Content_Encoding="gzip"), "undecodable"),
        (lambda h: h.send(b"plain", Content_Encoding="zstd"), "undecodable"),
        (redirect("http://[bad/x"), "bad_redirect"),
        (refresh("http://[bad/x"), None),
        (lambda h: h.send(ARTICLE.format(n="و" * 2000).encode()), "headline_too_long"),
    ],
)
def test_bad_response_has_its_cause(serve, tmp_path, answer, cause):
    root, _ = serve({"/news/1/x": answer, "/news/2/x": article(2)})
    corpus, ran = crawl(tmp_path, root, ALQAHIRA_MAX_FAILED_SHARE="1")
    assert [record["article_id"] for record in corpus.records()] == ["2"]
    assert f"1 failed ({cause or ''}" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("encoding", BOMBS)
def test_compression_bomb_is_too_large(serve, tmp_path, encoding):
    root, _ = serve({"/news/1/x": bomb(encoding), "/news/2/x": article(2)})
    corpus, ran = crawl(tmp_path, root, ALQAHIRA_MAX_FAILED_SHARE="1", MEMUSAGE_LIMIT_MB="400")
    assert [record["article_id"] for record in corpus.records()] == ["2"]
    assert "1 failed (too_large 1)" in ran.stderr


@pytest.mark.parametrize("headers_too", [False, True])
def test_dripping_response_ends_at_the_deadline(serve, tmp_path, headers_too):
    root, _ = serve({"/news/1/x": drip(headers_too=headers_too), "/news/2/x": article(2)})
    corpus, ran = crawl(tmp_path, root, ALQAHIRA_MAX_FAILED_SHARE="1", DOWNLOAD_TIMEOUT="1", RETRY_TIMES="0")
    assert [record["article_id"] for record in corpus.records()] == ["2"]
    assert "1 failed (timeout 1)" in ran.stderr


def test_windows_1256_declared_as_utf8_is_decoded(serve, tmp_path):
    root, _ = serve({"/news/1/x": in_cp1256})
    corpus, _ = crawl(tmp_path, root)
    assert [record["headline"] for record in corpus.records()] == ["وزير الدفاع يستقبل وفدًا عسكريًا في القاهرة 1"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTOTHROTTLE_ENABLED", "True"),
        ("TELNETCONSOLE_ENABLED", "False"),
        ("REMOTE_CONTROL_ENABLED", "False"),
        ("DOWNLOAD_MAXSIZE", str(16 * 1024 * 1024)),
    ],
)
def test_polite_and_safe_settings_are_the_default(name, value):
    assert scrapy("settings", "--get", name).stdout.strip() == value


def test_user_agent_has_project_and_contact(replica, tmp_path):
    server = replica()
    Corpus(tmp_path / "output", server.url).crawl(
        "defense", "-a", "max_articles=1", settings=NO_BROWSER | {"ALQAHIRA_USER_AGENT_CONTACT": "desk@example.org"}
    )
    agents = {entry["user_agent"] for entry in server.log()}
    assert len(agents) == 1
    assert all("alqahira" in agent and "desk@example.org" in agent for agent in agents)


def test_disallowed_page_is_not_requested_despite_settings(replica, tmp_path):
    robots = tmp_path / "robots.txt"
    robots.write_text("User-agent: *\nDisallow: /news/\n")
    server = replica("--robots", str(robots))
    ran = Corpus(tmp_path / "output", server.url).crawl("defense", settings=NO_BROWSER | {"ROBOTSTXT_OBEY": "False"})
    assert not [path for path in server.paths() if path.startswith("/news/")]
    assert server.paths()[0] == "/robots.txt"
    assert ran.status == 1
    assert "robots" in ran.stderr
