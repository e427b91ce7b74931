"""The ledger: which articles are new, revised or duplicates; opening and closing it."""

import subprocess
import sys
from datetime import timedelta

import pytest
from ledger_scenario import NOW, accept, body, crawled, opened
from sqlalchemy import text

from alqahira.exceptions import ConfigurationError, LedgerBusy, LedgerUnusable

# --- articles -----------------------------------------------------------------------------------


def test_new_article_is_accepted_as_first_revision(ledger):
    verdict = accept(ledger, crawled(1))
    assert (verdict.outcome, verdict.article.revision) == ("accepted", 1)


def test_same_article_again_is_unchanged(ledger):
    accept(ledger, crawled(1))
    assert accept(ledger, crawled(1)).outcome == "unchanged"


@pytest.mark.parametrize(
    "changed",
    [
        {"text": body(1) + "\n\nفقرة جديدة"},
        {"headline": "عنوان آخر تمامًا"},
    ],
)
def test_changed_headline_or_body_is_next_revision(ledger, changed):
    first = accept(ledger, crawled(1))
    verdict = accept(ledger, crawled(1, fetched=NOW + timedelta(hours=5), **changed))
    assert (verdict.outcome, verdict.article.revision) == ("accepted", 2)
    assert verdict.article.date_first_seen == first.article.date_first_seen


def test_tags_spaces_digit_forms_and_diacritics_make_no_revision(ledger):
    accept(ledger, crawled(1, headline="قمة 2026 في القاهرة"))
    same = crawled(1, headline="قِمّة  ٢٠٢٦ في القاهرة")
    same.article.keywords = ["وسم جديد"]
    assert accept(ledger, same).outcome == "unchanged"


def test_each_revision_is_kept(ledger):
    accept(ledger, crawled(1))
    accept(ledger, crawled(1, headline="عنوان معدل", fetched=NOW + timedelta(days=2)))
    assert ledger.article("1", 1).headline == crawled(1).article.headline
    assert ledger.article("1").headline == ledger.article("1", 2).headline == "عنوان معدل"
    assert ledger.article("2") is None


def edited(text, every=12):
    """The text with every twelfth word replaced."""
    return "\n\n".join(
        " ".join("كلمة" if i % every == every - 1 else word for i, word in enumerate(part.split()))
        for part in text.split("\n\n")
    )


def test_same_text_elsewhere_is_duplicate_of_earlier(ledger):
    accept(ledger, crawled(1))
    verdict = accept(ledger, crawled(2, text=body(1), headline="عنوان آخر"))
    assert (verdict.outcome, verdict.cause, verdict.article.duplicate_of) == ("duplicate", "near_duplicate", "1")


def test_lightly_edited_story_is_duplicate(ledger):
    accept(ledger, crawled(1, text=body(1, 400)))
    assert accept(ledger, crawled(2, text=edited(body(1, 400)))).outcome == "duplicate"


def test_same_headline_and_text_are_same_content(ledger):
    accept(ledger, crawled(1, headline="عنوان"))
    assert accept(ledger, crawled(2, text=body(1), headline="عنوان")).cause == "same_content"


def test_same_story_after_three_days_is_accepted(ledger):
    accept(ledger, crawled(1))
    again = crawled(2, text=body(1), headline="عنوان آخر", published=NOW + timedelta(hours=80))
    assert accept(ledger, again).outcome == "accepted"


def test_duplicate_is_accepted_and_marked_if_configured(ledger):
    accept(ledger, crawled(1))
    verdict = accept(ledger, crawled(2, text=body(1), headline="عنوان آخر"), near_duplicates="mark")
    assert (verdict.outcome, verdict.article.duplicate_of) == ("accepted", "1")


def test_duplicate_is_accepted_unmarked_if_deduplication_is_off(ledger):
    accept(ledger, crawled(1))
    verdict = accept(ledger, crawled(2, text=body(1), headline="عنوان آخر"), near_duplicates="off")
    assert (verdict.outcome, verdict.article.duplicate_of) == ("accepted", None)


def test_dropped_duplicate_is_kept_with_duplicate_of(ledger):
    accept(ledger, crawled(1))
    accept(ledger, crawled(2, text=body(1), headline="عنوان آخر"))
    records = {record["article_id"]: record for record in ledger.records(duplicates=True)}
    assert records["2"]["duplicate_of"] == "1"
    assert [record["article_id"] for record in ledger.records()] == ["1"]


def test_duplicate_rewritten_as_another_story_is_accepted(ledger):
    accept(ledger, crawled(1))
    accept(ledger, crawled(2, text=body(1), headline="عنوان آخر"))
    verdict = accept(ledger, crawled(2, text=body(99)))
    assert (verdict.outcome, verdict.article.duplicate_of) == ("accepted", None)


# --- opening ------------------------------------------------------------------------------------


def test_locked_ledger_is_refused_with_its_holder(state_url):
    with opened(state_url), pytest.raises(LedgerBusy, match=r"another run holds the state .*: process \d+ .*since"):
        opened(state_url)
    opened(state_url).close()


def test_lock_of_killed_process_is_released(state_url):
    code = f"import os; from alqahira.ledger import open_ledger; open_ledger('{state_url}'); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    opened(state_url).close()


def test_reader_needs_no_lock(ledger, state_url):
    accept(ledger, crawled(1))
    with opened(state_url, read_only=True) as reader:
        assert len(list(reader.records(duplicates=True))) == 1
        assert [article.article_id for article in reader.latest(5)] == ["1"]
        assert len(list(reader.records(newest=True))) == 1


def test_table_that_cannot_be_read_is_one_line(ledger, state_url):
    with opened(state_url, read_only=True) as reader:
        with ledger.transaction() as connection:
            connection.execute(text("drop table outbox"))
        with pytest.raises(LedgerUnusable, match=r"cannot be read: .*outbox") as caught:
            list(reader.records())
    assert "\n" not in str(caught.value)


def test_reader_creates_no_ledger(state_url):
    with pytest.raises(ConfigurationError, match="there is no state"):
        opened(state_url, read_only=True)


def test_ledger_of_newer_version_is_refused(state_url):
    with opened(state_url) as ledger, ledger.transaction() as connection:
        connection.execute(text("update meta set value='999' where name='version'"))
    with pytest.raises(LedgerUnusable, match="newer than this program"):
        opened(state_url)


@pytest.mark.parametrize(
    "damage", [b"this is no database, whatever its name says" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_corrupt_ledger_is_refused_and_unlocked(tmp_path, damage):
    (tmp_path / "state.db").write_bytes(damage)
    for _ in range(2):
        with pytest.raises(LedgerUnusable, match="cannot be read"):
            opened(tmp_path)


def test_ledger_belongs_to_one_site(ledger):
    ledger.claim_site("one.example")
    ledger.claim_site("two.example")  # nothing was accepted yet
    accept(ledger, crawled(1))
    with pytest.raises(ConfigurationError, match=r"articles of two\.example"):
        ledger.claim_site("one.example")


def test_second_run_of_a_second_has_another_id(ledger):
    assert ledger.start_run("run", "defense", NOW) == "run-2"
