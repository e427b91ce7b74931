"""What `scrapy doctor` concludes from a handful of pages: which facts of `site.py` still hold. Pure.

Each fact is checked by itself, on the pages that can show it; where it fails, what was found instead is
named, so that the one line to correct can be corrected from the report alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from alqahira import site
from alqahira.article import Article
from alqahira.doctor import data_facts, questions
from alqahira.doctor.articles import (
    bare_title,
    date_form,
    flight,
    image_clocks,
    image_host,
    image_names,
    image_rendition,
    meta_is,
    next_images,
    placeholder_image,
    record_field,
    server_rendered,
    share_label,
    site_name,
    site_root,
    time_zone,
    title_name,
    validators,
)
from alqahira.doctor.exchange import Exchange, SiteUnreachable, why_nothing
from alqahira.doctor.listings import (
    answered,
    article_paths,
    category_names,
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
from alqahira.doctor.site_visit import ARTICLES, LISTINGS, Check, Finding, Sample, SiteVisit, Verdict

__all__ = [
    "Exchange",
    "Finding",
    "NewLayout",
    "Sample",
    "SiteUnreachable",
    "Verdict",
    "diagnose",
    "propose_layout",
    "to_write",
    "why_nothing",
]


def propose_layout(
    samples: Sequence[Sample], records: Mapping[str, Article], *, root: str, now: datetime
) -> NewLayout | None:
    """Selectors for article pages that no layout of `site.py` reads; `records`: those known from before, by id."""
    return propose(known_pages(SiteVisit(samples, root, now), records))


def diagnose(
    samples: Sequence[Sample], *, root: str, now: datetime, exchanges: Sequence[Exchange] = ()
) -> list[Finding]:
    """Every fact with its verdict, in the order of `site.py`, and the questions after them."""
    visit = SiteVisit(samples, root, now)
    findings = []
    for name, fact in site.facts().items():
        if name in CHECKS:
            needed, check = CHECKS[name]
            verdict, found = check(visit)
        else:
            needed, verdict, found = False, Verdict.NOT_SEEN, NO_CHECK.get(name, "it has no check")
        findings.append(Finding(name, verdict, needed, fact.confidence.value, found))
    for name, needed, check, settles in _QUESTIONS:
        verdict, found = check(visit)
        findings.append(Finding(name, verdict, needed, "question", found, settles))
    for name, verdict, found in questions.manners_of_the_site(exchanges):
        findings.append(Finding(name, verdict, False, "question", found))
    return findings


def to_write(findings: Sequence[Finding], day: date) -> list[str]:
    """One line for each fact that is not `seen` yet, or question about one, that the site has answered."""
    lines = []
    for finding in findings:
        open_fact = finding.fact if finding.confidence in ("open", "inferred") else finding.settles
        if not open_fact or finding.verdict is Verdict.NOT_SEEN:
            continue
        seen_on = f'"scrapy doctor, {day:%Y-%m-%d}"'
        about = "" if open_fact == finding.fact else f" ({finding.fact})"
        if finding.verdict is Verdict.HOLDS:
            lines.append(f"{open_fact}{about}: holds; seen(…, {seen_on})")
        else:
            lines.append(f"{open_fact}{about}: fails, {finding.found}; correct it or note {seen_on}")
    return lines


# Facts that no page the doctor asks for can show, each with why.
NO_CHECK = {
    "KIND_MARKERS": "no infographic and no album is asked for",
    "OTHER_BLOCKS": "the check of TEXT_BLOCK names every type of block",
}

# Each other fact of site.py: whether the crawl needs it, and how it is checked.
CHECKS: dict[str, tuple[bool, Check]] = {
    "ROOT": (False, site_root),
    "NAME": (False, site_name),
    "BARE_TITLES": (False, bare_title),
    "OPEN_GRAPH_NAME": (False, meta_is(site.OPEN_GRAPH_NAME, "og:site_name")),
    "TITLE_NAME": (False, title_name),
    "META_AUTHOR": (False, meta_is(site.META_AUTHOR, "author")),
    "LANGUAGE": (False, data_facts.language),
    "TIME_ZONE": (False, time_zone),
    "ARTICLE_PATH": (True, article_paths),
    "ARTICLE_URL": (False, links_of(shape_of(site.ARTICLE_URL.value), site.ARTICLE_URL.value)),
    "LOCALES": (False, data_facts.locales),
    "NEVER_ARTICLE_PATH": (False, links_of(site.NEVER_ARTICLE_PATH.value, "/category/, /tag/, …", never=True)),
    "CATEGORY_URL": (False, links_of(shape_of(site.CATEGORY_URL.value), site.CATEGORY_URL.value)),
    "KICKER_URL": (False, answered("kicker")),
    "TAG_URL": (False, links_of(shape_of(site.TAG_URL.value), site.TAG_URL.value)),
    "IMAGE_HOST": (False, image_host),
    "IMAGE_RENDITION": (False, image_rendition),
    "PLACEHOLDER_IMAGE": (False, placeholder_image),
    "NEXT_IMAGE_PATH": (False, next_images),
    "IMAGE_NAME": (False, image_names),
    "IMAGE_CLOCKS_AGREE_MS": (False, image_clocks),
    "CATEGORIES": (True, category_names),
    "KICKERS": (False, questions.lists_by_page_data("kicker")),
    "PAGE_SIZE": (False, data_facts.page_size),
    "CARD": (False, matches(LISTINGS, site.CARD)),
    "CARD_LINK": (False, matches(LISTINGS, site.CARD_LINK, cards_instead)),
    "CARD_HEADLINE": (False, matches(LISTINGS, site.CARD_HEADLINE)),
    "CARD_DATE": (False, may_match(LISTINGS, site.CARD_DATE)),
    "CAROUSELS": (False, may_match(("category",), site.CAROUSELS)),
    "LOAD_MORE": (False, load_more),
    "LOAD_MORE_LABELS": (False, load_more_labels),
    "NEXT_PAGE": (False, may_match(LISTINGS, site.NEXT_PAGE)),
    "PAGE_QUERY": (False, questions.second_page("page 2 by query")),
    "NEXT_DATA_URL": (False, questions.data_address),
    "NEXT_DATA_SCRIPT": (False, may_match(ARTICLES, site.NEXT_DATA_SCRIPT)),
    "NEXT_FLIGHT_PUSH": (False, flight),
    "POST_PATH": (False, data_facts.stands_at(site.POST_PATH.value, "article")),
    "LISTING_PATH": (False, data_facts.stands_at(site.LISTING_PATH.value, "category")),
    "ERROR_PAGES": (False, data_facts.error_pages),
    "NOT_FOUND_HEADLINES": (False, data_facts.not_found_headlines),
    "ARTICLE_KIND": (False, data_facts.article_kind),
    "OTHER_KINDS": (False, data_facts.other_kinds),
    "TEXT_BLOCK": (False, data_facts.text_block),
    "ROBOTS_PATH": (False, robots),
    "SITEMAP_PATHS": (False, sitemaps),
    "ARTICLE_ROOT": (False, matches(ARTICLES, site.ARTICLE_ROOT)),
    "HEADLINE": (False, matches(ARTICLES, site.HEADLINE, headline_instead)),
    "META_SPANS": (False, matches(ARTICLES, site.META_SPANS)),
    "SHARE_LABEL": (False, share_label),
    "IMAGE": (False, matches(ARTICLES, site.IMAGE)),
    "IMAGE_ALT": (False, matches(ARTICLES, site.IMAGE)),
    "IMAGE_CAPTION": (False, may_match(ARTICLES, site.IMAGE_CAPTION)),
    "CREDIT_LINE": (False, may_match(ARTICLES, site.CREDIT_LINE)),
    "BODY": (False, matches(ARTICLES, site.BODY)),
    "PARAGRAPHS": (False, matches(ARTICLES, site.PARAGRAPHS, paragraphs_instead)),
    "TAG_LINKS": (False, may_match(ARTICLES, site.TAG_LINKS)),
    "VIDEO_MARKER": (False, data_facts.video_marker),
    "OLDER_PARAGRAPHS": (False, may_match(ARTICLES, site.OLDER_PARAGRAPHS)),
    **{
        f"SECTIONS[{section.name}].{plural}": (False, of_section(section, kind))
        for section in site.SECTIONS.values()
        for plural, kind in (("categories", "category"), ("tags", "tag"))
    },
}

# What site.py cannot say yet: each is a question that the live site answers, and the fact to write the answer at.
_QUESTIONS: tuple[tuple[str, bool, Check, str], ...] = (
    ("listings by plain HTTP", False, server_rendered("listing"), ""),
    ("articles by plain HTTP", False, server_rendered("article"), ""),
    ("record: headline", True, record_field("headline"), ""),
    ("record: article_body", True, record_field("article_body"), ""),
    ("record: date_published", True, record_field("date_published"), ""),
    ("record: credit_line", False, record_field("credit_line"), ""),
    ("record: image_url", False, record_field("image_url"), ""),
    ("record: keywords", False, record_field("keywords"), ""),
    ("the visible date's form", False, date_form, ""),
    ("page 2 by page data", False, questions.second_page("page 2 by page data"), "NEXT_DATA_URL"),
    ("what a press asks for", False, questions.press, "LOAD_MORE"),
    ("page 2 by what a press asks for", False, questions.second_page("page 2 by press"), "LOAD_MORE"),
    ("an article without its slug", False, questions.same_article("without slug"), "ARTICLE_PATH"),
    ("an article with a locale", False, questions.same_article("with locale"), "LOCALES"),
    ("an article as page data alone", False, questions.article_data, "NEXT_DATA_URL"),
    ("a video is no article", False, questions.video_page, "VIDEO_MARKER"),
    ("a post of 2022", False, questions.old_article, "LAYOUTS"),
    ("a tag lists by page data", False, questions.lists_by_page_data("tag"), "TAG_URL"),
    ("a missing page answers 404", False, missing_page, ""),
    ("conditional requests", False, validators, ""),
)
