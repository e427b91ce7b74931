"""The replica behaves as the site is believed to."""

from __future__ import annotations


def test_an_article_known_to_the_client_is_not_sent_again(replica):
    server = replica()
    path = next(
        item["url"]
        for item in server.get("/api/listing?kind=category&slug=%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1").json()["items"]
    )
    first = server.get(path)
    again = server.get(path, {"If-None-Match": first.headers["ETag"]})
    since = server.get(path, {"If-Modified-Since": first.headers["Last-Modified"]})
    other = server.get(path, {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]})
    assert (first.status, again.status, since.status, other.status) == (200, 304, 304, 200)
    assert again.body == b""
    assert [line["bytes"] for line in server.log()][-3:-1] == [0, 0]
    assert server.stop() == 0


def test_a_page_that_is_not_there_is_a_404_in_arabic(replica):
    missing = replica().get("/no/such/page")
    assert missing.status == 404
    assert "الصفحة" in missing.text


def test_any_number_more_are_generated_the_same_each_time_and_each_unlike_the_others():
    from datetime import date
    from itertools import combinations

    from alqahira.replica.body import body_text
    from alqahira.replica.generator import FIRST_NUMBER, Generator
    from alqahira.similarity import features

    generator = Generator(date(2026, 11, 24))
    made = [generator.article(FIRST_NUMBER + n) for n in range(120)]
    assert made == [Generator(date(2026, 11, 24)).article(article.number) for article in made]
    shingles = [features(body_text(article.blocks)).shingles for article in made]
    assert max(len(a & b) / len(a | b) for a, b in combinations(shingles, 2)) < 0.3
    assert 0.5 < sum(bool(article.topics) for article in made) / len(made) < 0.8


def test_generated_articles_stand_in_listings_and_sitemaps(replica):
    server = replica("--articles", "300")
    assert "/news/2" in server.get("/sitemap-2026-11.xml").text or any(
        "/news/2000" in server.get(path).text for path in ("/news-sitemap.xml", "/")
    )
