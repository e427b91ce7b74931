"""A backfill is cut at the months, none of its days left out or asked twice, and shared out by turns."""

from datetime import date, timedelta

import pytest
from crawling import scrapy

from alqahira.arguments import CrawlArguments
from alqahira.errors import ConfigurationError
from alqahira.shards import check_node, schedule_calls, shards


@pytest.mark.parametrize(
    ("since", "until", "share"),
    [
        ("2025-03-01", "2025-03-31", "defense/2025-03"),
        ("2025-03-30", "2025-03-30", "defense/2025-03"),
        ("2025-03-31", "2025-04-01", "defense"),
        ("2024-03-01", "2025-03-31", "defense"),
        ("2025-03-01", None, "defense"),
        (None, "2025-03-31", "defense"),
        (None, None, "defense"),
    ],
)
def test_a_run_within_a_month_holds_that_month_and_any_other_the_section(since, until, share):
    given = {name: day for name, day in (("since", since), ("until", until)) if day}
    assert CrawlArguments.parse(given, today=date(2026, 11, 24)).share("defense") == share


def test_each_day_is_in_one_shard_of_each_section_and_each_shard_in_one_month():
    since, until = date(2023, 12, 30), date(2025, 3, 2)
    made = list(shards(["defense", "foreign_affairs"], since, until))
    for section in ("defense", "foreign_affairs"):
        own = [shard for shard in made if shard.section == section]
        days = [s.since + timedelta(days=n) for s in own for n in range((s.until - s.since).days + 1)]
        assert sorted(days) == [since + timedelta(days=n) for n in range((until - since).days + 1)]
        assert len({shard.share for shard in own}) == len(own) == 16
    assert [shard.share for shard in made[:3]] == ["defense/2025-03", "foreign_affairs/2025-03", "defense/2025-02"]


def test_shards_go_to_the_nodes_by_turns():
    made = shards(["defense"], date(2025, 1, 1), date(2025, 3, 31))
    calls = list(schedule_calls(made, ["http://one:6800", "http://two:6800"], "alqahira"))
    assert ["one" in call for call in calls] == [True, False, True]


def test_the_command_prints_one_call_a_line_and_no_secret():
    ran = scrapy("shards", "--since", "2025-03-10", "--until", "2025-04-02", "--node", "http://one:6800/")
    assert ran.status == 0
    assert ran.stdout.splitlines()[0] == (
        "curl -fsS --netrc http://one:6800/schedule.json "
        "--data-urlencode project=alqahira --data-urlencode spider=defense "
        "--data-urlencode since=2025-04-01 --data-urlencode until=2025-04-02"
    )
    assert len(ran.stdout.splitlines()) == 4


@pytest.mark.parametrize("wrong", ["one:6800", "ftp://one", "http://", "http://user:s3cret@one:6800", "http://one/?a"])
def test_a_node_that_is_no_address_is_refused_without_its_login(wrong):
    with pytest.raises(ConfigurationError) as caught:
        check_node(wrong)
    assert "s3cret" not in str(caught.value)


def test_a_backfill_without_a_first_day_is_one_line_and_status_2():
    ran = scrapy("shards")
    assert ran.status == 2
    assert ran.lines == ["alqahira: say from which day: scrapy shards --since YYYY-MM-DD [--until YYYY-MM-DD]"]
