"""The records of an undisturbed crawl of the replica, and how another output differs from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from replica_server import ReplicaProcess, start_replica, written
from scrapy_process import Corpus, scrapy

from alqahira.publishing.manifest import part_files

NOW = "2026-11-24T12:00:00+00:00"
TRUTH = written(datetime(2026, 11, 24, 12, tzinfo=UTC))
# Small parts, so that many are sealed while the spider runs. A sitemap's week is counted from the real clock.
SETTINGS = {"ALQAHIRA_BROWSER": "never", "ALQAHIRA_PART_MAX_ROWS": "5", "ALQAHIRA_SITEMAP_DAYS": "36500"}
# Fields that depend on the run or on the order of arrival.
OF_THE_RUN = {"run_id", "date_crawled", "date_first_seen", "discovered_on", "duplicate_of", "position"}


@dataclass
class Site:
    """A replica, and the records of an undisturbed crawl of it by story."""

    server: ReplicaProcess
    expected: dict[str, dict] = field(default_factory=dict)

    def answers(self) -> Callable[[], int]:
        """A function that counts the article requests from now on."""
        path = self.server.log_path
        begin = path.stat().st_size

        def count() -> int:
            with path.open("rb") as log:
                log.seek(begin)
                return log.read().count(b'"/news/')

        return count

    def wrong(self, folder: Path) -> list[str]:
        """Stories that are lost, published twice or broken, compared with the undisturbed crawl."""
        faults = []
        for path in part_files(folder):
            if not (folder / path).read_bytes().endswith(b"\n"):
                faults.append(f"broken: {path} is torn")
        faults += [f"broken: {path} is a stray file" for path in folder.glob("articles/*/.*")]
        records = Corpus(folder, "").records()
        faults += [f"twice: {key}" for key, n in Counter((story(r), r["revision"]) for r in records).items() if n > 1]
        published = {story(record): record for record in records}
        faults += [f"lost: {lost}" for lost in self.expected.keys() - published.keys()]
        faults += [f"not expected: {more}" for more in published.keys() - self.expected.keys()]
        for name, record in published.items():
            expected = self.expected.get(name, record)
            if record["article_id"] == expected["article_id"] and content(record) != content(expected):
                unlike = [key for key in record if content(record).get(key) != content(expected).get(key)]
                faults.append(f"broken: {name} in {unlike}: {[(record[key], expected[key]) for key in unlike]}")
        verified = scrapy("verify", settings={"ALQAHIRA_OUTPUT_DIR": str(folder)})
        return faults + ([] if verified.status == 0 else verified.lines)


def story(record: dict) -> str:
    """The article's id, or that of the wire story it repeats: the copy that comes first is kept."""
    article = TRUTH.get(record["article_id"])
    return str(article.duplicate_of or article.number) if article else record["article_id"]


def content(record: dict) -> dict:
    article = TRUTH.get(record["article_id"])
    # "Two hours ago" is another moment in each run.
    more = {"date_published"} if article and article.tolerance else set()
    return {name: value for name, value in record.items() if name not in OF_THE_RUN | more}


@contextmanager
def site_of(
    articles: int, folder: Path, *, now: str = NOW, sections: Sequence[str] = ("defense",), since: str = ""
) -> Iterator[Site]:
    server = start_replica("--articles", str(articles), "--now", now, log=folder / "access.jsonl")
    try:
        whole = Corpus(folder / "undisturbed", server.url)
        for section in sections:
            ran = whole.crawl(section, "-a", f"since={since}", settings=SETTINGS)
            assert ran.status == 0, ran.stderr
        yield Site(server, {story(record): record for record in whole.records()})
    finally:
        server.stop()
