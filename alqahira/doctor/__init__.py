"""What `scrapy doctor` concludes from a handful of pages: which facts of `site.py` still hold. Pure.

Each fact is checked by itself, on the pages that can show it; where it fails, what was found instead is
named, so that the one line to correct can be corrected from the report alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from alqahira import site
from alqahira.article import Article
from alqahira.doctor.articles import (
    bare_title,
    date_form,
    flight,
    image_clocks,
    image_host,
    image_names,
    language,
    next_images,
    record_field,
    server_rendered,
    share_label,
    site_name,
    site_root,
    time_zone,
    validators,
)
from alqahira.doctor.listings import (
    answered,
    article_paths,
    links_of,
    load_more,
    load_more_labels,
    missing_page,
    of_section,
    robots,
    shape_of,
    sitemaps,
)
from alqahira.doctor.proposals import NewLayout, known_pages, propose
from alqahira.doctor.selectors import cards_instead, headline_instead, matches, may_match, paragraphs_instead
from alqahira.doctor.site_visit import Check, Finding, Sample, SiteVisit, Verdict

__all__ = ["Finding", "NewLayout", "Sample", "Verdict", "diagnose", "propose_layout"]


def propose_layout(
    samples: Sequence[Sample], records: Mapping[str, Article], *, root: str, now: datetime
) -> NewLayout | None:
    """Selectors for article pages that no layout of `site.py` reads; `records`: those known from before, by id."""
    return propose(known_pages(SiteVisit(samples, root, now), records))


def diagnose(samples: Sequence[Sample], *, root: str, now: datetime) -> list[Finding]:
    """Every fact with its verdict, in the order of `site.py`."""
    visit = SiteVisit(samples, root, now)
    findings = []
    for name, fact in site.facts().items():
        needed, check = _CHECKS[name]
        verdict, found = check(visit)
        findings.append(Finding(name, verdict, needed, fact.confidence.value, found))
    for name, needed, check in _QUESTIONS:
        verdict, found = check(visit)
        findings.append(Finding(name, verdict, needed, "question", found))
    return findings


# Kinds of samples.
_LISTINGS = ("category", "tag")
_ARTICLES = ("article",)

# Each fact of site.py that pages can show: whether the crawl needs it, and how it is checked.
_CHECKS: dict[str, tuple[bool, Check]] = {
    "ROOT": (False, site_root),
    "NAME": (False, site_name),
    "LANGUAGE": (False, language),
    "TIME_ZONE": (False, time_zone),
    "ARTICLE_URL": (False, links_of(shape_of(site.ARTICLE_URL.value), site.ARTICLE_URL.value)),
    "NEVER_ARTICLE_PATH": (False, links_of(site.NEVER_ARTICLE_PATH.value, "/category/, /tag/, …", never=True)),
    "CATEGORY_URL": (False, links_of(shape_of(site.CATEGORY_URL.value), site.CATEGORY_URL.value)),
    "TAG_URL": (False, links_of(shape_of(site.TAG_URL.value), site.TAG_URL.value)),
    "NEXT_IMAGE_PATH": (False, next_images),
    "IMAGE_CLOCKS_AGREE_MS": (False, image_clocks),
    "CARD": (False, matches(_LISTINGS, site.CARD)),
    "IMAGE_ALT": (False, matches(_ARTICLES, site.IMAGE)),
    "BODY": (False, matches(_ARTICLES, site.BODY)),
    **{
        f"SECTIONS[{section.name}].{plural}": (False, of_section(section, kind))
        for section in site.SECTIONS.values()
        for plural, kind in (("categories", "category"), ("tags", "tag"))
    },
    "BARE_TITLES": (False, bare_title),
    "ARTICLE_PATH": (True, article_paths),
    "IMAGE_HOST": (False, image_host),
    "IMAGE_NAME": (False, image_names),
    "CATEGORIES": (True, answered("category")),
    "TAGS": (False, answered("tag")),
    "CARD_LINK": (False, matches(_LISTINGS, site.CARD_LINK, cards_instead)),
    "CARD_HEADLINE": (False, matches(_LISTINGS, site.CARD_HEADLINE)),
    "CARD_DATE": (False, may_match(_LISTINGS, site.CARD_DATE)),
    "LOAD_MORE": (False, load_more),
    "LOAD_MORE_LABELS": (False, load_more_labels),
    "NEXT_PAGE": (False, may_match(_LISTINGS, site.NEXT_PAGE)),
    "ROBOTS_PATH": (False, robots),
    "SITEMAP_PATHS": (False, sitemaps),
    "ARTICLE_ROOT": (False, matches(_ARTICLES, site.ARTICLE_ROOT)),
    "HEADLINE": (False, matches(_ARTICLES, site.HEADLINE, headline_instead)),
    "META_SPANS": (False, matches(_ARTICLES, site.META_SPANS)),
    "SHARE_LABEL": (False, share_label),
    "IMAGE": (False, matches(_ARTICLES, site.IMAGE)),
    "IMAGE_CAPTION": (False, may_match(_ARTICLES, site.IMAGE_CAPTION)),
    "CREDIT_LINE": (False, may_match(_ARTICLES, site.CREDIT_LINE)),
    "PARAGRAPHS": (False, matches(_ARTICLES, site.PARAGRAPHS, paragraphs_instead)),
    "OLDER_PARAGRAPHS": (False, may_match(_ARTICLES, site.OLDER_PARAGRAPHS)),
    "TAG_LINKS": (False, may_match(_ARTICLES, site.TAG_LINKS)),
    "NEXT_DATA_SCRIPT": (False, may_match(_ARTICLES, site.NEXT_DATA_SCRIPT)),
    "NEXT_FLIGHT_PUSH": (False, flight),
}

# What site.py cannot say yet: each is a question that the live site answers.
_QUESTIONS: tuple[tuple[str, bool, Check], ...] = (
    ("listings by plain HTTP", False, server_rendered("listing")),
    ("articles by plain HTTP", False, server_rendered("article")),
    ("record: headline", True, record_field("headline")),
    ("record: article_body", True, record_field("article_body")),
    ("record: date_published", True, record_field("date_published")),
    ("record: credit_line", False, record_field("credit_line")),
    ("record: image_url", False, record_field("image_url")),
    ("record: keywords", False, record_field("keywords")),
    ("the visible date's form", False, date_form),
    ("a missing page answers 404", False, missing_page),
    ("conditional requests", False, validators),
)
