"""What must hold of a corpus and its ledger, whatever the site and the machine did."""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from ledger_scenario import is_torn
from simulated_crawl import RETRY_TIMES, Crawl
from simulated_site import RETRY_AFTER, Site, Story

from alqahira.article import rfc3339
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import MAX_UNFINISHED
from alqahira.ledger.pages import AT_ONCE
from alqahira.publishing.manifest import check, part_files, read_manifest, read_part, sequence_of, stray_files
from alqahira.settings import DOWNLOAD_DELAY


class Ledger:
    """The rows of a ledger's file, read as any tool would."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rows(self, query: str) -> list[sqlite3.Row]:
        if not (self._folder / "state.db").exists():
            return []
        connection = sqlite3.connect(self._folder / "state.db")
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # a process that died before it made the tables
            return []
        finally:
            connection.close()


class Corpus:
    """The parts as they were when each was seen first."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ledger = folder, Ledger(folder)
        self._digests: dict[str, str] = {}
        self._replaced: set[int] = set()

    def changed_parts(self) -> Iterator[str]:
        """Parts that are gone, or are no longer what they were, or are not whole."""
        visible = part_files(self.folder)
        with suppress(ValueError):
            self._replaced.update(number for part in read_manifest(self.folder) for number in part.replaces)
        for path in self._digests.keys() - set(visible):
            if sequence_of(path) not in self._replaced:
                yield f"{path} is gone"
        for path in visible:
            content = (self.folder / path).read_bytes()
            if is_torn(self.folder / path):
                yield f"{path} is torn"
            if (
                self._digests.setdefault(path, hashlib.sha256(content).hexdigest())
                != hashlib.sha256(content).hexdigest()
            ):
                yield f"{path} has changed"

    def wrong_manifest(self) -> Iterator[str]:
        """How parts, manifest and ledger differ after a run that ended well."""
        try:
            listed = read_manifest(self.folder)
        except ValueError as error:
            yield str(error)
            return
        yield from (f"{part.path} is {wrong}" for part in listed if (wrong := check(self.folder, part)))
        yield from (f"{path} is not in the manifest" for path in stray_files(self.folder, listed))
        yield from (f"{path} is a stray file" for path in self.folder.glob("articles/*/.*"))
        rows = Counter((row["article_id"], row["revision"]) for row in self.ledger.rows("SELECT * FROM outbox"))
        lines = Counter((record["article_id"], record["revision"]) for record in self.records())
        if rows != lines:
            yield f"parts and outbox differ: {(rows - lines) or (lines - rows)}"

    def schedules(self) -> dict[str, tuple[str | None, int]]:
        """When each page is visited next, and how many attempts at it have failed, by its key."""
        rows = self.ledger.rows("SELECT key, next_visit, attempts FROM pages")
        return {row["key"]: (row["next_visit"], row["attempts"]) for row in rows}

    def wrong_schedules(self, before: dict[str, tuple[str | None, int]]) -> Iterator[str]:
        """What a run with a wrong clock wrote by that clock; `before`: the schedules before it."""
        allowed = {None, rfc3339(AT_ONCE), *(visit for visit, _ in before.values())}
        for key, (visit, attempts) in self.schedules().items():
            if visit not in allowed:
                yield f"{key} is visited next at {visit}, by a wrong clock"
            if attempts > before.get(key, (None, 0))[1]:
                yield f"{key} has {attempts} attempts, by a wrong clock"

    def records(self) -> list[dict]:
        """All lines, in the order of their publication."""
        listed = [self.folder / part.path for part in read_manifest(self.folder)]
        lines = (record for path in listed if path.exists() for record in read_part(path))
        return sorted(lines, key=lambda record: record["position"])


# --- one run ------------------------------------------------------------------------------------


def wrong_run(crawl: Crawl, site: Site) -> Iterator[str]:
    """What a run must not do, however it ended."""
    if crawl.errors:
        yield f"the program raised {crawl.errors} errors"
    asked = Counter(urlsplit(each.url)[2:4] for each in crawl.requests)
    moved_here = {story.path for story in site.stories if story.moved_from}
    redirected = sum(story.fault == "elsewhere" for story in site.stories)
    for (path, query), times in asked.items():
        # Every page may be redirected home; a listing may be asked again for its build.
        ways = 1 + redirected if path.startswith("/news/") and path not in moved_here else 3 + redirected
        if path != "/" and times > ways * (1 + RETRY_TIMES):
            yield f"{path}?{query} was asked for {times} times in a run"
    gap = max(DOWNLOAD_DELAY / 2, site.crawl_delay if _has_rules(crawl) else 0)
    after_robots = [each for each in crawl.requests if not each.url.endswith("/robots.txt")]
    for before, after in itertools.pairwise(after_robots):
        if after.seconds - before.seconds < gap - 0.01:
            yield f"{after.url} was asked for {after.seconds - before.seconds:.2f} s after the request before it"
    for n, each in enumerate(crawl.requests):
        if each.answer == "429":
            for later in crawl.requests[n + 1 :]:
                # Those on their way already are not called back.
                if each.seconds + 0.2 < later.seconds < each.seconds + RETRY_AFTER:
                    yield f"{later.url} was asked for within the Retry-After of {each.url}"
    if site.robots == "disallow" and any("/news/" in each.url for each in crawl.requests):
        yield "a page was asked for that robots.txt disallows"


def _has_rules(crawl: Crawl) -> bool:
    return any(each.url.endswith("/robots.txt") and each.answer == "200" for each in crawl.requests)


def wrong_account(ledger: Ledger) -> Iterator[str]:
    """Runs whose account does not add up."""
    for row in ledger.rows("SELECT * FROM runs WHERE account IS NOT NULL"):
        account = json.loads(row["account"])
        outcomes = sum(account.get(outcome.value, 0) for outcome in Outcome)
        causes = sum(sum(counts.values()) for counts in account["causes"].values())
        if not account["discovered"] == outcomes == causes:
            yield f"{row['run_id']}: {account['discovered']} discovered, {outcomes} with an outcome, {causes} with a cause"
        if account["left"] and account["reason"] == "finished" and row["exit_status"] == 0:
            yield f"{row['run_id']}: {account['left']} articles are left"


# --- the end ------------------------------------------------------------------------------------


def wrong_corpus(corpus: Corpus, site: Site, *, complete_since: datetime | None) -> Iterator[str]:
    """What is wrong after the site has been well for some runs. `complete_since`: the first complete run's begin."""
    published: dict[str, list[dict]] = {}
    for record in corpus.records():
        published.setdefault(record["article_id"], []).append(record)
    stories = {str(story.number): story for story in site.stories}
    for key, records in published.items():
        records.sort(key=lambda record: record["revision"])
        if key not in stories:
            yield f"invented: {key} is no article of the site"
            continue
        yield from _wrong_revisions(stories[key], records)
    pages = {row["key"]: row for row in corpus.ledger.rows("SELECT * FROM pages")}
    for key, story in stories.items():
        page = pages.get(key)
        if page is not None and page["unfinished"] >= MAX_UNFINISHED:
            continue  # set aside: runs died while they read it
        if page is not None and page["state"] == "pending":
            yield f"{key} is still pending"
        if _is_required(story, site, page is not None, complete_since):
            # A known article that moved keeps its first id.
            ids = [key, *([str(story.moved_from.number)] if story.moved_from else [])]
            newest = [published[each][-1] for each in ids if each in published]
            row = page and dict(page)
            if not newest:
                yield f"lost: {key} was never published ({row})"
            elif story.text not in map(_text, newest):
                yield f"lost: {key} shows version {story.version}, published is {newest[0]['headline']} ({row})"


def _is_required(story: Story, site: Site, is_known: bool, complete_since: datetime | None) -> bool:
    """Whether the story must be in the corpus as its page shows it now."""
    if not (story.is_up and story.is_on_topic and story.moved_to is None):
        return False
    if is_known and not story.may_be_given_up:
        return True
    is_on_first_page = site.page_size >= len(site.stories)
    # One that was given up is asked where it is named, and no run reads so far down for it.
    is_above_the_known = not is_known and complete_since is not None and story.published > complete_since
    return story.is_listed and (is_on_first_page or is_above_the_known)


def _wrong_revisions(story: Story, records: list[dict]) -> Iterator[str]:
    """Revisions that are not those of the page: each once, in the order in which it showed them."""
    revisions = [record["revision"] for record in records]
    if revisions != [*range(1, len(records) + 1)]:
        yield f"{story.number} has the revisions {revisions}"
    shown = story.texts() + (story.moved_to.texts() if story.moved_to else [])
    later, before = iter(shown), None
    for record in records:
        if _text(record) not in shown:
            yield f"never said: {story.number} is published as {record['headline']!r}"
        elif before is not None and _text(before) == _text(record):
            if (why := _wrong_repetition(story, before, record)) is not None:
                yield f"{story.number}: revision {record['revision']} {why}"
        elif _text(record) not in later:  # consumes the iterator: in order
            yield f"{story.number}: revision {record['revision']} is out of order"
        before = record


def _wrong_repetition(story: Story, before: dict, record: dict) -> str | None:
    """What is wrong with a revision of the same text as the one before it."""
    match record["revision_reason"]:
        case "removed":
            home = story
            while home.gone_answers < 2 and home.moved_to is not None:
                home = home.moved_to
            return None if home.gone_answers > 1 else "removes an article that was not gone"
        case "returned":
            return None if before["revision_reason"] == "removed" else "returns from nowhere"
        case "metadata":  # a date that a wrong clock took for one of the future
            return None if before["date_published"] != record["date_published"] else "corrects nothing"
    return "is the one before it again"


def _text(record: dict) -> tuple[str, str]:
    return record["headline"], record["article_body"]
