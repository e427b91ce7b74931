"""Checks of one sample; each returns its verdict and the evidence. Pure."""

from __future__ import annotations

from typing import Any

from alqahira import site
from alqahira.crawling.request_info import request_info
from alqahira.doctor.checks import FAILS, HOLDS, NOT_SEEN, Result, holds_if
from alqahira.doctor.visit import LISTINGS, Sample
from alqahira.extraction import urls
from alqahira.extraction.listing import Listing
from alqahira.extraction.sitemap import read_sitemap
from alqahira.extraction.sources.values import value_at
from alqahira.text.normalization import fold_text


def is_second_page(sample: Sample) -> Result:
    """Whether a crawl would accept it as the second page of the category."""
    listing, pager = sample.listing, sample.visit.pager()
    if pager is None:
        return NOT_SEEN, "no category was answered"
    is_second = pager.is_page(listing, 2)
    again = "the first page again, " if not is_second and listing.cards[:1] == pager.first.cards[:1] else ""
    return holds_if(is_second), f"{again}{_posts(listing)}"


def _posts(listing: Listing) -> str:
    if not listing.cards:
        return "no posts"
    page = f", page {listing.info.current_page} of {listing.info.total_pages}" if listing.info.current_page else ""
    return f"{len(listing.cards)} posts{page}, from {listing.cards[0].key} on"


def has_posts(sample: Sample) -> Result:
    """Whether it is a listing with posts."""
    return holds_if(sample.listing.cards), _posts(sample.listing)


def lists_posts(sample: Sample) -> Result:
    """Whether its posts are in page data as a category's are; under which name."""
    keys, (*outer, _) = {card.key for card in sample.listing.cards}, site.LISTING_PATH.value
    properties = next((value for value in sample.values(*outer) if isinstance(value, dict)), {})
    for name, value in properties.items():
        posts = value_at(value, ("posts",))
        if keys and isinstance(posts, list) and keys <= {str(value_at(post, ("id",))) for post in posts}:
            return HOLDS, f"{_posts(sample.listing)}, by {'.'.join((*outer, name))}"
    return FAILS, f"{_posts(sample.listing)}; {property_names(properties)}"


def property_names(properties: Any) -> str:
    """The names of a page's properties, as evidence that another one is missing."""
    return f"pageProps has {', '.join(list(properties)[:8]) if isinstance(properties, dict) else 'nothing'}"


def is_press_learned(sample: Sample) -> Result:
    """Whether one press of the load-more control has shown a browser the request for the next page."""
    info = request_info(sample.request)
    if (learned := info.learned_request) is None:
        return FAILS, info.load_more_note or "nothing was learned"
    return HOLDS, f"{learned.method} {learned.url}"


def has_page_data(sample: Sample) -> Result:
    """Whether it is the page data that the site's own script requests."""
    properties = sample.values("pageProps")
    return holds_if(properties), f"{len(sample.response.body)} bytes{'' if properties else ' without page data'}"


def is_same_article(sample: Sample) -> Result:
    """Whether it is the article whose number was requested."""
    article, number = sample.reading.article, urls.article_number(sample.requested)
    if article is None:
        return FAILS, str(sample.reading.cause)
    cards = (card for page in sample.visit.answered(*LISTINGS) for card in page.listing.cards)
    known = next((fold_text(card.headline) for card in cards if card.key == number and card.headline), None)
    is_same = article.article_id == number and known in (None, fold_text(article.headline))
    return holds_if(is_same), f"article {article.article_id}, {'as on its card' if known else 'no card of it was seen'}"


def is_article_data(sample: Sample) -> Result:
    """Whether it is the article as page data alone, without its markup."""
    path = site.POST_PATH.value[1:]
    number = next(iter(sample.values(*path, "id")), None)
    texts = sample.values(*path, "postContent", "type").count(site.TEXT_BLOCK.value)
    evidence = f"story {number} with {texts} blocks of text, {len(sample.response.body)} bytes"
    return holds_if(texts and f"/news/{number}.json" in sample.requested), evidence


def is_video(sample: Sample) -> Result:
    """Whether a video's page is recognized as one, and gives no record."""
    reading = sample.reading
    kinds = ", ".join(map(str, sample.values(*site.POST_PATH.value, "type"))) or "nothing"
    read_as = "an article" if reading.article else reading.cause
    return holds_if(reading.kind == "video"), f"page data says {kinds}; read as {read_as}"


def is_read(sample: Sample) -> Result:
    """Whether an old article is read as those of today are."""
    reading, article = sample.reading, sample.reading.article
    if article is None:
        return (NOT_SEEN if reading.kind else FAILS), f"it reads as {reading.cause}"
    day = f"{article.date_published:%Y-%m-%d}" if article.date_published else "no date"
    source = reading.sources.get("article_body")
    return HOLDS, f"{day}, {article.word_count} words from {source}, credit {article.credit_line or 'none'}"


def is_sitemap(sample: Sample) -> Result:
    """Whether it lists articles or further sitemaps."""
    sitemap = read_sitemap(sample.response.body, sample.url, root=sample.visit.root, now=sample.when)
    evidence = f"{len(sitemap.entries)} articles, {len(sitemap.sitemaps)} sitemaps"
    return holds_if(sitemap.entries or sitemap.sitemaps), evidence
