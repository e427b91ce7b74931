"""Checks of the site itself and of its article pages. Pure."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from alqahira import site
from alqahira.arabic import fold_text
from alqahira.dates import parse_date
from alqahira.doctor.site_visit import ARTICLES, LISTINGS, Check, SiteVisit, Verdict, css_of, short_text
from alqahira.sources import nextjs, site_markup
from alqahira.sources.site_markup import select
from alqahira.sources.upload_time import clocks


def site_root(visit: SiteVisit) -> tuple[Verdict, str]:
    """ROOT: the site answers there."""
    answered = [sample for sample in visit.samples if sample.status == 200]
    if visit.root != site.ROOT.value:
        return Verdict.NOT_SEEN, f"asked {visit.root} instead (ALQAHIRA_SITE_URL)"
    return (Verdict.HOLDS if answered else Verdict.FAILS), f"{len(answered)} pages answered with 200"


def site_name(visit: SiteVisit) -> tuple[Verdict, str]:
    """NAME stands on the pages."""
    name = fold_text(site.NAME.value)
    pages = visit.of(*LISTINGS, *ARTICLES)
    hits = sum(name in fold_text(short_text(visit.tree(page), limit=100_000)) for page in pages)
    if not pages:
        return Verdict.NOT_SEEN, "no page was answered"
    return (Verdict.HOLDS if hits else Verdict.FAILS), f"«{site.NAME.value}» stands on {hits} of {len(pages)} pages"


_PRINTED_TO_THE_MINUTE = timedelta(seconds=90)
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?[+-]\d\d:?\d\d")


def time_zone(visit: SiteVisit) -> tuple[Verdict, str]:
    """TIME_ZONE: the printed times, read as Cairo's, are page data's UTC; so are offsets that the pages print."""
    zone = ZoneInfo(site.TIME_ZONE.value)
    right, wrong = 0, ""
    for page in visit.of(*ARTICLES):
        printed, known = site_markup.read(visit.page(page)), nextjs.read(visit.page(page))
        if printed and known and printed.published and known.published:
            apart = abs(printed.published - known.published)
            right += apart < _PRINTED_TO_THE_MINUTE
            # A day without a time says nothing of the zone.
            if timedelta(minutes=30) < apart < timedelta(hours=6) and printed.published.astimezone(zone).hour:
                wrong = f"printed {printed.published:%H:%M} UTC, page data {known.published:%H:%M}"
        for text in _STAMP.findall(page.body):
            try:
                moment = datetime.fromisoformat(text.decode())
            except ValueError:
                continue
            if moment.utcoffset() == moment.astimezone(zone).utcoffset():
                right += 1
            elif moment.utcoffset():
                wrong = f"{text.decode()} is not {site.TIME_ZONE.value}'s offset"
    if wrong:
        return Verdict.FAILS, wrong
    return (Verdict.HOLDS if right else Verdict.NOT_SEEN), f"{right} times are {site.TIME_ZONE.value}'s"


def bare_title(visit: SiteVisit) -> tuple[Verdict, str]:
    """BARE_TITLES: a <title> of the articles' pages is the site's bare name."""
    titles = Counter(short_text(title) for page in visit.of(*ARTICLES) for title in visit.tree(page).iter("title"))
    if not titles:
        return Verdict.NOT_SEEN, "no article page was answered"
    known = {fold_text(title) for title in site.BARE_TITLES.value}
    bare = next((title for title in titles if fold_text(title) in known), None)
    return (Verdict.HOLDS if bare else Verdict.NOT_SEEN), f"«{bare or titles.most_common(1)[0][0]}»"


def title_name(visit: SiteVisit) -> tuple[Verdict, str]:
    """TITLE_NAME: what stands after the headline in the head's <title>, letter by letter."""
    titles = [title for page in visit.of(*ARTICLES) for title in map(short_text, visit.tree(page).iter("title"))]
    named = [title for title in titles if "|" in title and title.rpartition("|")[0].strip()]
    hits = sum(title.rpartition("|")[2].strip() == site.TITLE_NAME.value for title in named)
    if not named:
        return Verdict.NOT_SEEN, "no title of the form «headline | name»"
    return (Verdict.HOLDS if hits else Verdict.FAILS), f"«{named[0]}»"


def meta_is(fact: site.Fact[str], name: str) -> Check:
    """Whether the pages' meta element of this name (or property) says what the fact says."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        said = Counter(
            " ".join((element.get("content") or "").split())
            for page in visit.of(*ARTICLES, *LISTINGS)
            for element in visit.tree(page).iter("meta")
            if name in (element.get("property"), element.get("name"))
        )
        if not said:
            return Verdict.NOT_SEEN, f"no page has {name}"
        words = ", ".join(f"«{value}» ({count})" for value, count in said.most_common(2))
        return (Verdict.HOLDS if fact.value in said else Verdict.FAILS), words

    return check


def image_rendition(visit: SiteVisit) -> tuple[Verdict, str]:
    """IMAGE_RENDITION is the end of what the pages show of an image."""
    sources = [source for source in _images(visit) if site.IMAGE_NAME.value.search(unquote(source))]
    ends = [match[0] for source in sources if (match := site.IMAGE_RENDITION.value.search(source))]
    words = f"{ends[0]} on {len(ends)} of {len(sources)} images" if ends else f"on none of {len(sources)} images"
    return (Verdict.HOLDS if ends else Verdict.NOT_SEEN), words


def share_label(visit: SiteVisit) -> tuple[Verdict, str]:
    """SHARE_LABEL stands on the article pages."""
    pages = visit.of(*ARTICLES)
    if not pages:
        return Verdict.NOT_SEEN, "no article page was answered"
    label = fold_text(site.SHARE_LABEL.value)
    hits = sum(
        any(fold_text(e.text or "") == label for e in visit.tree(page).iter("span", "li", "p")) for page in pages
    )
    return (Verdict.HOLDS if hits else Verdict.NOT_SEEN), f"on {hits} of {len(pages)} pages"


def _images(visit: SiteVisit) -> list[str]:
    return [image.get("src") or "" for page in visit.of(*ARTICLES) for image in visit.tree(page).iter("img")]


def image_names(visit: SiteVisit) -> tuple[Verdict, str]:
    """IMAGE_NAME: whether images carry the time of their upload."""
    sources = _images(visit)
    named = [source for source in sources if site.IMAGE_NAME.value.search(unquote(source))]
    if named:
        return Verdict.HOLDS, f"{len(named)} of {len(sources)} images carry the time of their upload"
    return (
        Verdict.FAILS if sources else Verdict.NOT_SEEN
    ), f"for instance {sources[0][:100]}" if sources else "no image"


def placeholder_image(visit: SiteVisit) -> tuple[Verdict, str]:
    """PLACEHOLDER_IMAGE stands on listings, in the head or as an image."""
    pages = visit.of(*LISTINGS, *ARTICLES)
    hits = sum(site.PLACEHOLDER_IMAGE.value.encode() in page.body for page in pages)
    return (Verdict.HOLDS if hits else Verdict.NOT_SEEN), f"on {hits} of {len(pages)} pages"


def image_host(visit: SiteVisit) -> tuple[Verdict, str]:
    """IMAGE_HOST serves the articles' images."""
    hosts = Counter(urlsplit(unquote(source)).hostname or "the page's own" for source in _images(visit))
    if not hosts:
        return Verdict.NOT_SEEN, "no image"
    found = ", ".join(f"{host} ({n})" for host, n in hosts.most_common(3))
    return (Verdict.HOLDS if site.IMAGE_HOST.value in hosts else Verdict.FAILS), found


def image_clocks(visit: SiteVisit) -> tuple[Verdict, str]:
    """IMAGE_CLOCKS_AGREE_MS: how far the two clocks of an image's name are apart."""
    apart = [abs(both[0] - both[1]) for source in _images(visit) if (both := clocks(source))]
    if not apart:
        return Verdict.NOT_SEEN, "no image name has both clocks"
    verdict = Verdict.HOLDS if max(apart) <= site.IMAGE_CLOCKS_AGREE_MS.value else Verdict.FAILS
    return verdict, f"at most {max(apart)} ms apart on {len(apart)} images"


def next_images(visit: SiteVisit) -> tuple[Verdict, str]:
    """NEXT_IMAGE_PATH: whether images come through Next.js."""
    sources = _images(visit)
    hits = sum(urlsplit(source).path == site.NEXT_IMAGE_PATH.value for source in sources)
    return (Verdict.HOLDS if hits else Verdict.NOT_SEEN), f"{hits} of {len(sources)} images"


def flight(visit: SiteVisit) -> tuple[Verdict, str]:
    """NEXT_FLIGHT_PUSH: whether the article pages carry React's flight rows."""
    pages = visit.of(*ARTICLES)
    hits = sum(site.NEXT_FLIGHT_PUSH.value.encode() in page.body for page in pages)
    return (Verdict.HOLDS if hits else Verdict.NOT_SEEN), f"on {hits} of {len(pages)} article pages"


def server_rendered(kind: str) -> Check:
    """Whether pages of this kind show their content without a browser."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        pages = visit.of(*(ARTICLES if kind == "article" else LISTINGS))
        if not pages:
            return Verdict.NOT_SEEN, f"no {kind} was answered"
        if any(page.rendered for page in pages):
            return Verdict.FAILS, "an empty shell by plain HTTP: a browser renders it (ALQAHIRA_BROWSER=auto does)"
        return Verdict.HOLDS, "plain HTTP shows it whole"

    return check


def record_field(name: str) -> Check:
    """Whether every article page gives the field, and from which source."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        pages = visit.of(*ARTICLES)
        if not pages:
            return Verdict.NOT_SEEN, "no article page was answered"
        sources: Counter[str] = Counter()
        causes: Counter[str] = Counter()
        for page in pages:
            reading = visit.reading(page)
            if reading.article is None:
                causes[reading.cause or "no article"] += 1
            elif getattr(reading.article, name):
                sources[reading.sources.get(name, "?")] += 1
            else:
                causes["absent"] += 1
        words = ", ".join(f"{source} on {n}" for source, n in (*sources.most_common(), *causes.most_common()))
        return (Verdict.HOLDS if sources else Verdict.FAILS), f"{words} of {len(pages)} pages"

    return check


def date_form(visit: SiteVisit) -> tuple[Verdict, str]:
    """How the page prints its date, wherever on it that stands."""
    for page in visit.of(*ARTICLES):
        tree = visit.tree(page)
        for element in (*select(site.META_SPANS.value)(tree), *tree.iter("time", "span", "p", "li", "div")):
            text = short_text(element) if len(element) == 0 else ""
            if 4 <= len(text) <= 60 and parse_date(text, now=visit.now):
                return Verdict.HOLDS, f"«{text}» in {css_of(element)}"
    return Verdict.NOT_SEEN, "no text of the article pages is a date"


def validators(visit: SiteVisit) -> tuple[Verdict, str]:
    """Whether articles can be asked for conditionally: they come with an ETag or Last-Modified."""
    pages = [page for page in visit.of(*ARTICLES) if not page.rendered]
    with_any = [page for page in pages if {"etag", "last-modified"} & {name.lower() for name in page.headers}]
    if not pages:
        return Verdict.NOT_SEEN, "no article page was answered"
    return (
        Verdict.HOLDS if with_any else Verdict.FAILS
    ), f"ETag or Last-Modified on {len(with_any)} of {len(pages)} pages"
