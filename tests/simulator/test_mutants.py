"""Faults put into the code by hand: each is found by one of the first histories."""

import pytest
import sqlalchemy as sa
from history import FIRST_RUN_OF_A_SECTION, history_of, in_new_folder
from simulated_crawl import SPIDERS

from alqahira.crawling import failures, section
from alqahira.crawling.clock import Clock
from alqahira.crawling.middlewares import robots_rules
from alqahira.extraction.extractor import Reading
from alqahira.ledger import Ledger, decisions, frontier, pages
from alqahira.ledger.decisions import Outcome, Verdict
from alqahira.ledger.tables import articles
from alqahira.publishing import parts, planning

pytestmark = pytest.mark.chaos
MOST = 200  # histories in which a mutant must be found


def host_failures_are_attempts(patch):
    patch.setattr(failures, "is_of_the_host", lambda cause: False)


def pages_are_given_up_by_runs(patch):
    patch.setattr(frontier, "is_given_up", lambda attempts, failing_since, now: attempts >= 3)
    patch.setattr(pages, "is_given_up", frontier.is_given_up)


def failed_pages_are_never_asked_again(patch):
    standing, due = frontier._standing, Ledger.due

    def failed_is_given_up(row, link, now, *, retry):
        return frontier.Standing.GIVEN_UP if row.state == "failed" else standing(row, link, now, retry=retry)

    def due_but_failed(self, now, limit):
        return [each for each in due(self, now, limit) if each.standing is not frontier.Standing.GIVEN_UP]

    patch.setattr(frontier, "_standing", failed_is_given_up)
    patch.setattr(Ledger, "due", due_but_failed)


def pending_pages_are_dropped(patch):
    patch.setattr(Ledger, "backlog", lambda self: frontier.Backlog(()))


def pages_are_processed_before_a_run_is_complete(patch):
    patch.setattr(pages, "discovery", lambda *given, **more: frontier.discovery(*given, **more | {"last_complete": 99}))


def pages_are_processed_by_any_section(patch):
    numbers = pages.complete_runs
    patch.setattr(
        pages, "complete_runs", lambda connection: dict.fromkeys(SPIDERS, max(numbers(connection).values(), default=0))
    )


def reverted_edits_are_lost(patch):
    accept = Ledger.accept

    def same_as_any(self, item, own, **more):
        article = item.article
        with self.transaction() as connection:
            known = articles.c.article_id == article.article_id, articles.c.content_hash == article.content_hash
            if connection.scalar(sa.select(articles.c.revision).where(*known)) is None:
                connection = None
        if connection is None:
            return accept(self, item, own, **more)
        self.unchanged(item.fetch)
        return Verdict(Outcome.UNCHANGED, article, "same_content")

    patch.setattr(Ledger, "accept", same_as_any)


def parts_are_overwritten(patch):
    part_path, place = planning.part_path, parts.Publisher._place
    patch.setattr(planning, "part_path", lambda day, number, **more: part_path(day, 1, **more))
    patch.setattr(parts.Publisher, "_place", lambda self, row, **_: place(self, row, replace=True))


def parts_are_marked_before_they_are_written(patch):
    def mark_first(self):
        with self._ledger.transaction() as connection:
            planned = connection.execute(sa.select(parts.parts).where(parts.parts.c.sealed == 0)).all()
            connection.execute(parts.parts.update().values(sealed=1))
        for row in planned:
            self._place(row)
        self._is_listed = self._is_listed and not planned

    patch.setattr(parts.Publisher, "_place_planned", mark_first)
    # Today the next run puts back a sealed part that is missing.
    patch.setattr(parts.Publisher, "_put_back", lambda self, differs: [])


def parts_are_written_in_place(patch):
    def write(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    patch.setattr(parts, "write_atomic", write)


def page_of_another_article_is_accepted(patch):
    patch.setattr("alqahira.extraction.extractor.Reading.is_of", lambda self, *_: True)
    patch.setattr("alqahira.extraction.sources.nextjs.article_number", lambda url: None)


def nothing_is_quarantined(patch):
    patch.setattr(decisions, "quarantine_cause", lambda *_, **__: None)


def redirect_to_any_article_is_accepted(patch):
    """As if every page named its address as that of the article that was asked for."""
    is_of = Reading.is_of
    patch.setattr(Reading, "is_of", lambda self, asked, final: is_of(self, final, final))


def validators_of_an_earlier_response_are_kept(patch):
    validators = pages._validators
    patch.setattr(pages, "_validators", lambda fetch: {name: each for name, each in validators(fetch).items() if each})


def unasked_304_is_accepted(patch):
    wrong = section._wrong_answer
    patch.setattr(section, "_wrong_answer", lambda answer, link: None if answer.status == 304 else wrong(answer, link))


def reading_is_not_counted(patch):
    patch.setattr(Ledger, "begin", lambda self, key: None)


def robots_are_not_obeyed(patch):
    allow = robots_rules.ALLOW_ALL
    patch.setattr("alqahira.crawling.middlewares.robots.read_answer", lambda status, body, url: allow)


def retry_after_is_not_obeyed(patch):
    patch.setattr("alqahira.crawling.middlewares.politeness.HostDelays._pause", lambda self, request, seconds: None)


def wrong_clock_writes_schedules(patch):
    """As if the ledger never heard of the site's clock; the run still says so."""
    always = property(lambda self: True, lambda self, value: None)
    patch.setattr(Ledger, "is_clock_right", always, raising=False)


def wrong_clock_is_not_reported(patch):
    patch.setattr(Clock, "problem", "")


def times_of_the_future_are_not_corrected(patch):
    patch.setattr(Clock, "_correct_ledger", lambda self, now: None)


def account_counts_twice(patch):
    from alqahira.monitoring.run_stats import RunStats

    finish = RunStats.finish

    def twice(self, key, outcome, cause="", *, in_feed=True):
        finish(self, key, outcome, cause, in_feed=in_feed)
        self.outcomes[outcome, cause or outcome.value] += cause == "not_modified"

    patch.setattr(RunStats, "finish", twice)


# Each mutant with the events that show it, and their values.
MUTANTS = {
    host_failures_are_attempts: {"fault": ("timeout", "403"), "unlist": ()},
    pages_are_given_up_by_runs: {"publish broken": ("500",), "unlist": (), "mend": ()},
    failed_pages_are_never_asked_again: {"fault": ("404", "stub"), "mend": ()},
    pending_pages_are_dropped: {"unlist": (), "fault": ("timeout",), "mend": ()},
    reverted_edits_are_lost: {"edit": (), "revert": ()},
    parts_are_overwritten: {},
    parts_are_marked_before_they_are_written: {"publish": ()},
    parts_are_written_in_place: {"publish": (), "edit": ()},
    page_of_another_article_is_accepted: {"fault": ("other",)},
    nothing_is_quarantined: {"away": ("maintenance",), "fault": ("maintenance",)},
    redirect_to_any_article_is_accepted: {"fault": ("elsewhere",)},
    validators_of_an_earlier_response_are_kept: {"edit": (), "validators": ("none", "etag"), "revert": ()},
    unasked_304_is_accepted: {"fault": ("304",), "publish": ()},
    reading_is_not_counted: {"poison": ()},
    robots_are_not_obeyed: {"robots": ("disallow",)},
    retry_after_is_not_obeyed: {"away": ("429",), "back": ()},
    wrong_clock_writes_schedules: {"clock": ("10", "400", "-30"), "edit": ()},
    wrong_clock_is_not_reported: {"clock": ("10", "400", "-30")},
    times_of_the_future_are_not_corrected: {"clock": ("0", "400"), "dates": ("none",), "edit": ()},
    account_counts_twice: {},
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_mutant_is_found(mutant, monkeypatch):
    mutant(monkeypatch)
    assert any(in_new_folder(history_of(seed, MUTANTS[mutant])) for seed in range(MOST))


@pytest.mark.parametrize("mutant", [pages_are_processed_before_a_run_is_complete, pages_are_processed_by_any_section])
def test_mutant_of_paging_is_found(mutant, monkeypatch):
    mutant(monkeypatch)
    assert in_new_folder(FIRST_RUN_OF_A_SECTION)
