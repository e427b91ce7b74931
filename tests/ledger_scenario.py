"""Articles, a run of the ledger, and checks of its parts, for the tests of ledger and publishing."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from alqahira.article import Article
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger import Ledger, open_ledger
from alqahira.ledger.decisions import published_day
from alqahira.ledger.frontier import Link, RevisitSchedule
from alqahira.publishing.manifest import check, part_files, read_manifest, read_part, stray_files
from alqahira.publishing.parts import Publisher
from alqahira.text.near_duplicates import content_hash, fingerprint

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCHEDULE = RevisitSchedule.from_steps([(1, 2), (30, 24)])
_VOCABULARY = """
    وزير الدفاع القوات الجوية تدريب مشترك سفينة حربية مناورة حدود اتفاق هدنة صاروخ رادار
    قاعدة لواء فرقة قائد زيارة مباحثات تعاون عسكري منظومة دفاع طائرة مسيرة دورية أمن
    بحر خليج قمة بيان مجلس وفد سفير اجتماع ملف أزمة حل سياسي
"""
WORDS = _VOCABULARY.split()


def body(seed, words=120):
    """A body of three paragraphs; those of two seeds have little text in common."""
    random = Random(seed)
    text = [random.choice(WORDS) for _ in range(words)]
    return "\n\n".join(" ".join(text[i::3]) for i in range(3))


def crawled(number, *, text=None, headline=None, published=NOW, fetched=NOW, topics=("defense",)):
    text = text if text is not None else body(number)
    headline = headline or f"عنوان الخبر رقم {number}"
    key, url = str(number), f"https://alqaheranews.net/news/{number}/x"
    article = Article(
        article_id=key,
        url=url,
        headline=headline,
        article_body=text,
        date_published=published,
        date_published_source="jsonld" if published else None,
        topics=list(topics),
        word_count=len(text.split()),
        content_hash=content_hash(headline, text),
        layout="site",
        date_first_seen=fetched,
        date_crawled=fetched,
        run_id="run",
    )
    article.published_day = published_day(article)
    return ArticleItem(article=article, fetch=Fetch(key=key, url=url, fetched=fetched, etag=f'"{number}"'))


def link(number, **given):
    return Link(str(number), f"https://alqaheranews.net/news/{number}/x", "https://alqaheranews.net/tag/x", **given)


def pending(ledger: Ledger) -> list[Link]:
    """What earlier runs have left, in the order in which a run requests it."""
    keys = [*ledger.backlog()]
    links = ledger.links(keys)
    return [links[key] for key in keys]


def accept(ledger: Ledger, item, near_duplicates="drop"):
    return ledger.accept(item, fingerprint(item.article.article_body), near_duplicates=near_duplicates)


def opened(where: Path | str, **given) -> Ledger:
    """The ledger at a database URL, or the SQLite one in a folder."""
    url = where if isinstance(where, str) else f"sqlite:///{where / 'state.db'}"
    return open_ledger(url, revisit=SCHEDULE, **given)


def publisher(ledger: Ledger, folder: Path, *, max_rows=3, max_age_seconds=0, compress=False, **more) -> Publisher:
    return Publisher(ledger, folder, max_rows=max_rows, max_age_seconds=max_age_seconds, compress=compress, **more)


# (article, revision) of all that `live` accepts, however often it is interrupted.
EXPECTED = {("1", 1), ("2", 1), ("3", 1), ("5", 1), ("6", 1), ("7", 1), ("2", 2)}


def live(folder: Path, state: str | None = None) -> None:
    """One run: recover, accept seven lines over two days with a duplicate and a revision, seal, finish."""
    with opened(state or folder) as ledger:
        parts = publisher(ledger, folder)
        parts.recover()
        run = ledger.start_run("run", "defense", NOW)
        links = [link(number) for number in (1, 2, 3, 4, 5, 6, 7)]
        ledger.discover(links, section="defense", run_id=run, now=NOW)
        stories = [
            crawled(1),
            crawled(2),
            crawled(3, published=NOW - timedelta(days=1)),
            crawled(4, text=body(1), headline="الخبر نفسه"),  # a duplicate of 1
            crawled(5, published=None),
            crawled(6),
            crawled(7),
            crawled(2, text=body(2) + "\n\nفقرة أضيفت بعد النشر تغير النص.", fetched=NOW + timedelta(hours=3)),
        ]
        for item in stories:
            # An article that an interrupted run has decided about is not fetched again.
            known = ledger.records(duplicates=True)
            if (item.article.article_id, item.article.content_hash) not in {
                (record["article_id"], record["content_hash"]) for record in known
            }:
                accept(ledger, item)
            parts.seal_due(item.fetch.fetched)
        parts.seal_all()
        ledger.finish_run(run, {}, 0, NOW, complete=True)


LATER = datetime(2100, 1, 1, tzinfo=UTC)


def compact(ledger: Ledger, folder: Path, *, now=LATER, rest=0, grace=0, max_rows=3):
    """Merge the parts of days at rest (`rest`: days), and remove files replaced `grace` hours ago."""
    parts = publisher(ledger, folder, max_rows=max_rows)
    parts.recover()
    return parts.compact(now, rest=timedelta(days=rest), grace=timedelta(hours=grace))


def live_and_compact(folder: Path, state: str | None = None) -> None:
    """`live`, then a compaction that leaves the old files, one late line, and a compaction that removes them."""
    live(folder, state)
    with opened(state or folder) as ledger:
        compact(ledger, folder, grace=1)
        if not any(record["article_id"] == "8" for record in ledger.records()):
            accept(ledger, crawled(8))
        publisher(ledger, folder).seal_all()
        compact(ledger, folder)


@contextmanager
def corpus_for_everybody() -> Iterator[Path]:
    """A corpus in a folder that everybody may enter (pytest's are the user's alone)."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    try:
        live(made / "output")
        yield made / "output"
    finally:
        shutil.rmtree(made)


def lines(folder):
    """(article, revision) of every line of every visible part."""
    return Counter((r["article_id"], r["revision"]) for path in part_files(folder) for r in read_part(folder / path))


def is_torn(path):
    try:
        return [*read_part(path)] == []
    except (EOFError, ValueError):
        return True


def problems(folder):
    """Parts that are missing, not listed, stray, torn, or differ from the manifest."""
    faults = [f"{part.path}: {wrong}" for part in read_manifest(folder) if (wrong := check(folder, part))]
    present = set(part_files(folder))
    faults += [f"{path}: not listed" for path in stray_files(folder, read_manifest(folder))]
    faults += [f"{path}: stray" for path in folder.glob("articles/*/.*")]
    for path in present:
        if is_torn(folder / path):
            faults.append(f"{path}: torn")
    return faults
