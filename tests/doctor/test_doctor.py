"""The doctor's findings on the replica under each of its switches."""

import os
import re
import signal
import socket
import sys
from urllib.parse import unquote

import pytest
from scrapy_process import PROJECT, UNTHROTTLED, at_a_terminal, plain, scrapy, start_scrapy

from alqahira import site

needs_browser = pytest.mark.browser


def doctor(root, *arguments, **settings):
    ran = scrapy("doctor", *arguments, settings=UNTHROTTLED | {"ALQAHIRA_SITE_URL": root} | settings)
    rows = [line.split("\t") for line in ran.stdout.splitlines() if line.count("\t") == 3][1:]
    return ran, {row[0]: (row[2].removesuffix(" (needed)"), row[3]) for row in rows}


def failing(findings):
    return {fact for fact, (verdict, _) in findings.items() if verdict == "fails"}


# --- the site as we know it -----------------------------------------------------------------------


def test_known_site_holds_every_visible_fact(replica):
    server = replica("--articles", "100")
    ran, findings = doctor(server.url, ALQAHIRA_BROWSER="never")
    assert ran.status == 0
    assert failing(findings) == {"page 2 by page data"}, "only ?page= gives its next page"
    assert set(site.facts()) <= set(findings), "every fact has a row"
    assert findings["ROOT"] == ("not seen", f"visited {server.url} instead (ALQAHIRA_SITE_URL)")
    for fact in ("TIME_ZONE", "LANGUAGE", "LOCALES", "POST_PATH", "LISTING_PATH", "ARTICLE_KIND", "OTHER_KINDS"):
        assert findings[fact][0] == "holds", fact
    assert "?page=2: " in findings["PAGE_QUERY"][1]
    assert "page 2 of 2" in findings["PAGE_QUERY"][1]
    assert findings["KICKERS"][1].endswith("by props.pageProps.kicker")
    assert findings["a tag lists by page data"][1].endswith("by props.pageProps.tag")
    assert findings["a video is no article"][0] == "holds"
    assert findings["a video is no article"][1].endswith(": page data says video; read as video")
    assert findings["an article without its slug"][0] == findings["an article with a locale"][0] == "holds"
    assert "blocks of text" in findings["an article as page data alone"][1]
    assert findings["a post of 2022"] == ("not seen", "/news/1076: 404")
    assert findings["the load-more request"] == ("not seen", "not requested: ALQAHIRA_BROWSER=never")
    assert findings["no challenge"][0] == findings["no rate limit"][0] == "holds"
    assert findings["cookies that are set"][1].startswith("__cf_bm (")
    # For each answered open fact, a line for site.py with the day is printed.
    assert re.search(r'# +PAGE_QUERY: holds; seen\(…, "scrapy doctor, \d{4}-\d\d-\d\d"\)', ran.stdout)
    assert re.search(r"# +NEXT_DATA_URL \(page 2 by page data\): fails, .*the first page again", ran.stdout)


def test_requests_are_few_counted_and_listed(replica):
    server = replica("--articles", "100")
    ran, _ = doctor(server.url, ALQAHIRA_BROWSER="never")
    paths = server.paths()
    assert ran.stdout.startswith(f"# {server.url}: {len(paths)} requests, ")
    assert len(paths) == len(set(paths)) == 15
    listed = [line.rpartition(server.url)[2] for line in ran.stdout.splitlines() if re.match(r"# +\d+ .* GET ", line)]
    assert sorted(listed) == sorted(paths)


def test_listings_option_requests_every_listing_of_the_sections(replica):
    server = replica()
    _, findings = doctor(server.url, "--listings", ALQAHIRA_BROWSER="never")
    sections = site.SECTIONS.values()
    categories = {slug for section in sections for slug in section.categories.value}
    tags = {tag for section in sections for tag in section.tags.value}
    paths = [unquote(path) for path in server.paths()]
    assert {path.removeprefix("/tag/") for path in paths if path.startswith("/tag/")} == tags
    assert categories <= {path.removeprefix("/category/") for path in paths if path.startswith("/category/")}
    assert "not requested" not in findings["SECTIONS[defense].categories"][1]


def test_piped_report_is_neither_cut_nor_folded(replica):
    ran, findings = doctor(replica().url, ALQAHIRA_BROWSER="never")
    assert site.CARD_HEADLINE.value in findings["CARD_HEADLINE"][1]
    assert site.CREDIT_LINE.value in findings["CREDIT_LINE"][1]
    facts = [line for line in ran.stdout.splitlines() if line and not line.startswith("#")]
    assert all(line.count("\t") == 3 for line in facts), "every other line begins with #"


def test_terminal_table_folds_and_cuts_nothing(replica):
    command = [sys.executable, "-m", "scrapy", "doctor"]
    for name, value in (UNTHROTTLED | {"ALQAHIRA_SITE_URL": replica().url, "ALQAHIRA_BROWSER": "never"}).items():
        command += ["-s", f"{name}={value}"]
    status, shown = at_a_terminal(command, dict(os.environ))
    assert status == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in plain(shown).splitlines() if "│" in line]
    evidence = "".join(cells[-1].replace(" ", "") for cells in rows)
    assert site.CARD_HEADLINE.value.replace(" ", "") in evidence
    assert "…" not in "".join(cells[0] for cells in rows)
    assert "?" not in plain(shown).partition("│")[0], "no bar, as the articles it would count are none"


def test_category_of_one_page_is_not_pressed(replica):
    _, findings = doctor(replica().url)
    assert findings["the load-more request"] == ("not seen", "not requested: the category has one page")


def test_missing_browser_is_named(replica, tmp_path):
    given = UNTHROTTLED | {"ALQAHIRA_SITE_URL": replica("--articles", "100").url}
    nowhere = str(tmp_path)
    ran = scrapy("doctor", settings=given, PATH=nowhere, HOME=nowhere, PLAYWRIGHT_BROWSERS_PATH=nowhere)
    assert re.search(r"^the load-more request\t.*not requested: (no Chromium|the package)", ran.stdout, re.MULTILINE)


# --- the second page of a listing -----------------------------------------------------------------


def test_second_page_by_page_data_alone(replica):
    _, findings = doctor(replica("--articles", "100", "--paging", "next_data").url, ALQAHIRA_BROWSER="never")
    assert findings["PAGE_QUERY"][0] == "fails"
    assert "the first page again" in findings["PAGE_QUERY"][1]
    assert findings["page 2 by page data"][0] == "holds"


@needs_browser
@pytest.mark.parametrize(("paging", "request_"), [("press", "GET {}/api/posts?"), ("press_post", "POST {}/api/posts")])
def test_load_more_request_is_learned_and_repeated_without_a_browser(replica, paging, request_):
    server = replica("--articles", "100", "--paging", paging)
    ran, findings = doctor(server.url)
    assert request_.format(server.url) in findings["the load-more request"][1]
    assert findings["page 2 by the load-more request"][0] == "holds"
    assert "page 2 of 2" in findings["page 2 by the load-more request"][1]
    assert findings["PAGE_QUERY"][0] == findings["page 2 by page data"][0] == "fails"
    assert "1 of them in a browser" in ran.stdout


def test_load_more_request_is_not_seen_without_a_browser(replica):
    _, findings = doctor(replica("--articles", "100").url, ALQAHIRA_BROWSER="never")
    assert findings["the load-more request"][0] == findings["page 2 by the load-more request"][0] == "not seen"


def test_next_links_are_seen(replica):
    _, findings = doctor(replica("--articles", "100", "--paging", "next").url, ALQAHIRA_BROWSER="never")
    assert findings["NEXT_PAGE"][0] == "holds"


# --- other switches --------------------------------------------------------------------------------


def test_redesign_fails_selectors_and_shows_others(replica):
    ran, findings = doctor(replica("--classes", "renamed").url, ALQAHIRA_BROWSER="never")
    assert ran.status == 0, "the crawl goes on, by metadata and structure"
    assert {"CARD_LINK", "HEADLINE", "PARAGRAPHS", "ARTICLE_ROOT"} <= failing(findings)
    assert re.search(r"found instead: .*h1", findings["HEADLINE"][1])
    assert re.search(r"found instead: .* > p", findings["PARAGRAPHS"][1])
    assert "Correct in alqahira/site.py: CARD, CARD_LINK" in ran.stdout


def test_visible_date_is_read_without_metadata_and_page_data(replica):
    _, findings = doctor(replica("--metadata", "none", "--page-data", "none").url, ALQAHIRA_BROWSER="never")
    assert "visible on" in findings["record: date_published"][1]


@pytest.mark.parametrize("switches", [("--title", "bare"), ("--slug", "redirect"), ("--sitemaps", "none")])
def test_harmless_switch_fails_no_needed_fact(replica, switches):
    ran, findings = doctor(replica(*switches).url, ALQAHIRA_BROWSER="never")
    assert ran.status == 0
    assert failing(findings) <= {"SITEMAP_PATHS", "PAGE_SIZE"}
    if "redirect" in switches:
        assert "redirected to /news/" in findings["an article without its slug"][1]


@pytest.mark.parametrize(("form", "fact"), [("next_data", "NEXT_DATA_SCRIPT"), ("next_f", "NEXT_FLIGHT_PUSH")])
def test_page_data_is_seen(replica, form, fact):
    _, findings = doctor(replica("--page-data", form).url, ALQAHIRA_BROWSER="never")
    assert findings[fact][0] == "holds"


@needs_browser
def test_site_rendered_by_a_browser_is_reported(replica):
    ran, findings = doctor(replica("--render", "client", "--page-data", "none").url)
    assert ran.status == 0
    assert {"listings by plain HTTP", "articles by plain HTTP"} <= failing(findings)


def test_site_that_needs_a_browser_fails_without_one(replica):
    ran, findings = doctor(replica("--render", "client", "--page-data", "none").url, ALQAHIRA_BROWSER="never")
    assert ran.status == 1
    assert findings["CATEGORIES"][0] == "fails"


# --- a site that does not answer, or refuses ------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://127.0.0.1:1", "nobody listens there (connection_refused)"),
        ("http://alqahira.invalid", "its name does not resolve (dns)"),
    ],
)
def test_dead_network_is_one_line_and_status_4(url, cause):
    ran, _ = doctor(url, RETRY_TIMES="0", ALQAHIRA_BACKOFF_BASE="0.01")
    assert ran.status == 4
    assert ran.lines[-1] == f"alqahira: {url} could not be reached: {cause}"
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr


def test_silent_host_is_status_4():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ran, _ = doctor(f"http://127.0.0.1:{port}", RETRY_TIMES="0", DOWNLOAD_TIMEOUT="1")
    assert ran.status == 4
    assert ran.lines[-1].endswith("could not be reached: no answer in time (timeout)")


def test_interrupted_visit_is_one_line_and_status_1(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        root = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = UNTHROTTLED | {"ALQAHIRA_SITE_URL": root, "RETRY_TIMES": "0", "DOWNLOAD_TIMEOUT": "1"}
        process = start_scrapy("doctor", settings=settings, log=tmp_path / "log")
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1
        connection.close()
    assert (tmp_path / "log").read_text().splitlines()[-1] == "alqahira: the visit was interrupted: no fact was checked"


@pytest.mark.parametrize(("challenge", "answer"), [("forbidden", "403"), ("page", "200 (challenge)")])
def test_refusing_site_is_one_line_and_status_1(replica, challenge, answer):
    server = replica("--challenge", challenge)
    ran, _ = doctor(server.url, ALQAHIRA_BROWSER="never")
    assert ran.status == 1
    match = re.fullmatch(
        r"alqahira: the site refuses this crawler: (.+) to (\d+) of (\d+) requests "
        r'\(docs/operations.md, "The site refuses"\)',
        ran.lines[-1],
    )
    assert match[1].startswith(answer)
    assert int(match[3]) == len(server.paths())
    assert int(match[3]) - 1 <= int(match[2]) <= int(match[3]), "robots.txt may be answered"
    lines = (PROJECT / "docs" / "operations.md").read_text("utf-8").splitlines()
    assert "## The site refuses" in lines


def test_failed_needed_fact_is_status_1(replica, tmp_path):
    rules = tmp_path / "robots.txt"
    rules.write_text("User-agent: *\nDisallow: /news/\nDisallow: /*/news/\n")
    server = replica("--robots", str(rules))
    ran, _ = doctor(server.url, ALQAHIRA_BROWSER="never")
    assert ran.status == 1
    assert "record: headline\tquestion\tnot seen (needed)\t" in ran.stdout
    assert not [path for path in server.paths() if "/news/" in path.partition("?")[0] and "_next" not in path]
