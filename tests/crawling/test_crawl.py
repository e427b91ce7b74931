"""The main job, end to end: the spiders crawl the replica in their own processes, and the corpus is exact."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import jsonschema
import pytest
from replica_server import is_recent, written
from scrapy_process import Corpus, scrapy_here

from alqahira.publishing.schema import json_schema
from alqahira.text.dates import cairo_day

SECTIONS = ("defense", "foreign_affairs")
# Which articles there are, and their text; neither depends on the day.
WRITTEN = written(datetime(2026, 11, 24, 12, tzinfo=UTC))


@pytest.fixture
def corpus(replica, tmp_path):
    return Corpus(tmp_path / "output", replica("--control").url)


def is_wanted(article, topic=None):
    return bool(article.topics) and not article.not_article and (topic is None or topic in article.topics)


def wanted(topic=None):
    """The numbers of the articles that belong in the corpus, by their labels; of a wire story any copy may."""
    return {number for number, article in WRITTEN.items() if is_wanted(article, topic)}


def story(number):
    """The article's number, or that of the wire copy it repeats."""
    article = WRITTEN[number]
    return str(article.duplicate_of or number)


def test_each_line_is_a_record_by_the_schema(crawled):
    validator = jsonschema.Draft202012Validator(json_schema(), format_checker=jsonschema.FormatChecker())
    for record in crawled.records():
        validator.validate(record)


def test_article_of_both_sections_is_stored_once(crawled):
    numbers = [record["article_id"] for record in crawled.records()]
    assert len(numbers) == len(set(numbers))
    assert any(record["topics"] == ["defense", "foreign_affairs"] for record in crawled.records())


def accepted_by(corpus, section):
    """The corpus' lines that the section's run accepted, and those of them that are on its topic.

    Without position, which an accepted article has only once its part is sealed.
    """
    unplaced = (re.sub(r'"position": \d+', '"position": null', line) for line in corpus.lines())
    lines = {line: record for line in unplaced if f"-{section}" in (record := json.loads(line))["run_id"]}
    return sorted(lines), sorted(line for line, record in lines.items() if section in record["topics"])


def test_feed_holds_what_its_run_accepted_on_its_topic_byte_for_byte(crawled):
    for section, feed in crawled.feeds.items():
        assert sorted(feed.splitlines()) == accepted_by(crawled, section)[1]
    assert crawled.feeds["defense"]


def test_corpus_takes_articles_on_any_topic_from_either_spider(crawled):
    accepted, on_topic = accepted_by(crawled, "defense")
    other = [json.loads(line)["topics"] for line in accepted if line not in on_topic]
    assert other
    assert all(topics == ["foreign_affairs"] for topics in other)
    (path,) = (crawled.folder / "runs").glob("*-defense.json")
    account = json.loads(path.read_text())["account"]
    assert (account["accepted"], account["in_feed"]) == (len(accepted), len(on_topic))
    assert set(account["causes"]["off_topic"]) == {"no_topic"}


def test_manifest_lists_every_part_exactly(crawled):
    import hashlib

    listed = json.loads((crawled.folder / "_manifest.json").read_text())["parts"]
    on_disk = {path.relative_to(crawled.folder).as_posix() for path in crawled.folder.glob("articles/*/part-*")}
    assert {part["path"] for part in listed} == on_disk
    for part in listed:
        content = (crawled.folder / part["path"]).read_bytes()
        assert (part["bytes"], part["rows"]) == (len(content), content.count(b"\n"))
        assert part["sha256"] == hashlib.sha256(content).hexdigest()


def test_sources_that_disagree_are_counted_by_field(crawled):
    (path,) = (crawled.folder / "runs").glob("*-defense.json")
    notes = json.loads(path.read_text())["account"]["notes"]
    assert notes["disagreement/date_published"] >= 1  # 61512, whose visible date nobody filled in


def test_part_holds_the_articles_of_its_cairo_day(crawled):
    from alqahira.text.dates import cairo_day

    for path in crawled.folder.glob("articles/*/part-*"):
        day = path.parent.name.removeprefix("day=")
        for record in map(json.loads, path.read_text("utf-8").splitlines()):
            published = record["date_published"]
            assert record["published_day"] == (str(cairo_day(datetime.fromisoformat(published))) if published else None)
            assert day == (record["published_day"] or "__HIVE_DEFAULT_PARTITION__")


@pytest.mark.parametrize("number", sorted(wanted()))
def test_every_field_of_every_article_is_exact(crawled, number):
    record, article = crawled.by_id().get(number), crawled.truth[number]
    if record is None:
        stories = {story(other) for other in crawled.by_id()}
        assert story(number) in stories or not is_recent(article, crawled.now), (
            "neither it nor a copy of it is in the corpus"
        )
        return
    for name, value in article.expected().items():
        actual = record[name]
        if name == "topics":
            continue  # a matter of judgement: see below
        if name == "date_published" and value is not None:
            assert abs(datetime.fromisoformat(actual) - value) <= article.tolerance, name
        elif isinstance(value, datetime):
            assert datetime.fromisoformat(actual) == value, name
        else:
            assert actual == value, name


def test_topics_agree_with_the_labels_in_93_of_100(crawled):
    records = crawled.by_id()
    agreed = [number for number, record in records.items() if record["topics"] == list(WRITTEN[number].topics)]
    assert len(agreed) >= 0.93 * len(records)


def test_nothing_else_is_in_the_corpus(crawled):
    assert set(crawled.by_id()) <= wanted()


def test_wire_story_on_several_pages_is_stored_once(crawled):
    stories = [story(number) for number in crawled.by_id()]
    assert len(stories) == len(set(stories))
    assert any(article.duplicate_of for article in WRITTEN.values())


def test_second_spider_downloads_no_article_of_the_first_again(crawled):
    fetched = [entry["path"] for entry in crawled.seen if "/news/" in entry["path"] and entry["status"] == 200]
    twice = {path.split("/")[2] for path in fetched if fetched.count(path) > 1}
    assert not twice & crawled.by_id().keys()
    assert len(twice) <= 2  # broken pages, which the second run tries again because they are still listed


def test_second_run_publishes_nothing_and_downloads_no_article(replica, tmp_path):
    server = replica()
    corpus = Corpus(tmp_path / "output", server.url)
    assert corpus.crawl("defense").status == 0
    before, seen = corpus.lines(), len(server.log())
    assert corpus.crawl("defense", "-O", str(tmp_path / "second.jsonl")).status == 0
    assert corpus.lines() == before
    assert (tmp_path / "second.jsonl").read_text() == ""
    requested = [entry for entry in server.log()[seen:] if entry["path"].startswith("/news/")]
    assert requested
    published = {record["article_id"] for record in corpus.records()}
    assert {entry["status"] for entry in requested if entry["path"].split("/")[2] in published} == {304}


def test_revised_article_is_a_new_line_with_the_next_revision(replica, tmp_path):
    server = replica("--control")
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense")
    truth = server.truth()
    recent = (record["article_id"] for record in corpus.records() if is_recent(truth[record["article_id"]], server.now))
    number = next(recent)
    server.revise(int(number))
    assert corpus.crawl("defense").status == 0
    revisions = [record for record in corpus.records() if record["article_id"] == number]
    assert [record["revision"] for record in revisions] == [1, 2]
    assert revisions[0]["content_hash"] != revisions[1]["content_hash"]
    assert revisions[0]["date_first_seen"] == revisions[1]["date_first_seen"]


def test_revision_that_the_other_section_fetches_first_is_kept(replica, tmp_path):
    server = replica("--control")
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense")
    corpus.crawl("foreign_affairs")
    truth = server.truth()
    requested = {entry["path"].split("/")[2] for entry in server.log() if entry["status"] == 304}
    number = next(number for number in sorted(requested) if truth[number].topics == ("defense",))
    server.revise(int(number))
    assert corpus.crawl("foreign_affairs").status == 0
    corpus.crawl("defense")
    revisions = [record for record in corpus.records() if record["article_id"] == number]
    assert [record["revision"] for record in revisions] == [1, 2]
    assert "-foreign_affairs" in revisions[1]["run_id"]


def test_run_stops_at_max_articles_and_the_next_takes_the_rest(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica().url)
    feeds = [tmp_path / "one.jsonl", tmp_path / "other.jsonl", tmp_path / "set.jsonl"]
    given = ["-a", "max_articles=2", "-o", str(feeds[0]), "-o", str(feeds[1])]
    assert corpus.crawl("defense", *given).status == 0
    _, on_topic = accepted_by(corpus, "defense")
    assert len(on_topic) == 2
    assert [sorted(feed.read_text("utf-8").splitlines()) for feed in feeds[:2]] == [on_topic] * 2
    assert (
        corpus.crawl("foreign_affairs", settings={"FEEDS": json.dumps({str(feeds[2]): {"format": "jsonl"}})}).status
        == 0
    )
    assert sorted(feeds[2].read_text("utf-8").splitlines()) == accepted_by(corpus, "foreign_affairs")[1] != []
    corpus.crawl("defense")
    whole = Corpus(tmp_path / "whole", corpus.site_url)
    for section in SECTIONS:
        whole.crawl(section)
    assert {story(number) for number in corpus.by_id()} == {story(number) for number in whole.by_id()}


def test_since_and_until_bound_the_days(replica, tmp_path):
    server = replica()
    corpus = Corpus(tmp_path / "output", server.url)
    articles = server.truth()
    days = sorted({cairo_day(articles[number].listed) for number in wanted("defense") & articles.keys()})
    since, until = days[1], days[-2]
    feed = tmp_path / "feed.jsonl"
    ran = corpus.crawl("defense", "-a", f"since={since}", "-a", f"until={until}", "-O", str(feed))
    assert ran.status == 0

    def is_requested(line):
        published = json.loads(line)["date_published"]
        return not published or since <= cairo_day(datetime.fromisoformat(published)) <= until

    _, on_topic = accepted_by(corpus, "defense")
    assert sorted(feed.read_text("utf-8").splitlines()) == [line for line in on_topic if is_requested(line)] != []
    # The corpus keeps a page that turns out to be of another day.
    outside = [json.loads(line)["article_id"] for line in corpus.lines() if not is_requested(line)]
    assert 0 < len(outside) < 5


def test_account_names_a_page_without_headline_or_body(crawled):
    broken = {str(a.number): a.not_article for a in WRITTEN.values() if a.not_article and a.kind == "post"}
    assert broken
    for cause in set(broken.values()):
        assert f"{cause} 1" in "".join(crawled.logs.values())
    assert not broken.keys() & crawled.by_id().keys()


def test_account_of_a_run_adds_up(crawled):
    (line,) = [line for line in crawled.logs["defense"].splitlines() if " discovered = " in line]
    import re

    total = int(re.search(r"(\d+) discovered = ", line)[1])
    parts = re.sub(r"\([^)]*\)", "", line.split("discovered = ")[1]).split(";")[0]
    assert total == sum(int(n) for n in re.findall(r"\d+", parts)) > 0


@pytest.mark.parametrize(
    ("arguments", "settings", "status", "message"),
    [
        (["defense", "-a", "sinse=2026-11-01"], {}, 2, "unknown spider argument 'sinse'"),
        (["defense", "-a", "since=yesterday"], {}, 2, "since='yesterday' is not a date"),
        (["defense", "-a", "since=2026-02-30"], {}, 2, "is not a date"),
        (["defense", "-a", "since=2026-11-02", "-a", "until=2026-11-01"], {}, 2, "is after until"),
        (["defense", "-a", "max_articles=0"], {}, 2, "is not a whole number above 0"),
        (["defense", "-a", "nonsense"], {}, 2, "-a NAME=VALUE"),
        (["sports"], {}, 2, "no spider 'sports'"),
        ([], {}, 2, "name one spider"),
        (["defense"], {"ALQAHIRA_SITE_URL": "not a url"}, 2, "is not an http(s) URL"),
        (["defense"], {"ALQAHIRA_OUTPUT_DIR": "/dev/null/x"}, 2, "cannot be written"),
        (["defense"], {"ALQAHIRA_STATE_URL": "nonsense"}, 2, "is not a database URL"),
        (["defense"], {"ALQAHIRA_NEAR_DUPLICATES": "perhaps"}, 2, "is not one of drop, mark, off"),
        (["defense"], {"ALQAHIRA_BROWSER": "perhaps"}, 2, "is not one of auto, never, always"),
        (
            ["defense"],
            {"ALQAHIRA_SITE_URL": "http://:secret@127.0.0.1"},
            2,
            "'http://…@127.0.0.1' must be a site's root",
        ),
        (["defense"], {"ALQAHIRA_PART_MAX_ROWS": "0"}, 2, "is not a whole number from 1 to"),
        (["defense"], {"ALQAHIRA_OVERLAP": "-1"}, 2, "is not a whole number from 1 to"),
        (["defense"], {"ALQAHIRA_MAX_REVISITS": "abc"}, 2, "is not a whole number from 0 to"),
        (["defense"], {"ALQAHIRA_SITEMAP_DAYS": "99999999999"}, 2, "is not a whole number from 0 to 36,500"),
        (["defense"], {"ALQAHIRA_REVISIT": "nonsense"}, 2, "is not a list of [days, hours]"),
        (["defense"], {"ALQAHIRA_REVISIT": "[[1, -2]]"}, 2, "is not a list of [days, hours]"),
        (["defense"], {"ALQAHIRA_COMPRES_PARTS": "1"}, 2, "did you mean ALQAHIRA_COMPRESS_PARTS?"),
        (["defense"], {"ALQAHIRA_COMPRESS_PARTS": "perhaps"}, 2, "is neither true nor false"),
        (["defense"], {"DOWNLOAD_TIMEOUT": "nan"}, 2, "is not a number from"),
        (["defense"], {"ALQAHIRA_MAX_RETRY_SHARE": "1.5"}, 2, "is not a number from 0 to 1"),
        (["defense"], {"ALQAHIRA_BASELINE_SINCE": "yesterday"}, 2, "is not a date"),
        (["defense"], {"ALQAHIRA_LOG_JSON": "perhaps"}, 2, "is neither true nor false"),
        (["defense"], {"CONCURRENT_REQUESTS": "abc"}, 2, "is not a whole number from 1 to"),
        (["defense"], {"LOG_LEVEL": "debug"}, 2, "is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ],
)
def test_bad_input_is_one_line_and_a_status(tmp_path, arguments, settings, status, message):
    folder = tmp_path / "output"
    ran = scrapy_here("crawl", *arguments, settings={"ALQAHIRA_OUTPUT_DIR": str(folder)} | settings)
    assert ran.status == status
    assert len(ran.lines) == 1
    assert message in ran.lines[0]
    assert not list(folder.glob("**/*"))


def test_site_that_does_not_answer_is_one_line_and_status_1(tmp_path):
    corpus = Corpus(tmp_path / "output", "http://127.0.0.1:1")
    ran = corpus.crawl("defense", settings={"RETRY_TIMES": "0", "ALQAHIRA_BACKOFF_BASE": "0.01"})
    assert ran.status == 1
    assert ran.lines[-1].startswith("alqahira: no listing answered")
    assert "Traceback" not in ran.stderr
    assert corpus.lines() == []


def test_concurrent_run_of_a_section_ends_with_status_3(tmp_path):
    from alqahira.ledger import open_ledger

    corpus = Corpus(tmp_path / "output", "http://127.0.0.1:1")
    corpus.folder.mkdir()
    with open_ledger(f"sqlite:///{corpus.folder / 'state.db'}", owner="scrapy crawl defense"):
        ran = corpus.crawl("defense")
    assert ran.status == 3
    assert "another run holds" in ran.lines[-1]
    assert "Traceback" not in ran.stderr
