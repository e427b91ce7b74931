"""A date that markup has for machines, beside the one that readers see."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alqahira.extraction.extractor import read_page
from alqahira.extraction.listing import read_listing

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ROOT = "https://alqaheranews.net"
URL = f"{ROOT}/news/812/x"
NAME = "البلدية تفتتح مكتبة عامة في الحي القديم"
BODY = "".join(f"<p>افتتحت البلدية مكتبة عامة رقم {n} ودعت السكان إلى زيارتها خلال أيام الأسبوع.</p>" for n in range(4))
MINUTE = datetime(2026, 11, 28, 8, 30, tzinfo=UTC)


def known(date):
    page = (
        "<html><body><main><div class=container><div class=row><div class=col-lg-8><div class=single-content2>"
        f"<div class=entry-header><h1 class=entry-title>{NAME}</h1><div class=entry-meta>{date}</div></div><article>"
        f"<div class=entry-main-content><div class=htmlCode>{BODY}</div></div></article></div></div></div></div></main>"
    )
    return read_page(page, URL, now=NOW).article.date_published


def other(date):
    page = (
        f"<html><head><title>{NAME}</title></head><body><h1>{NAME}</h1><div>{date}</div><div>{BODY}</div></body></html>"
    )
    return read_page(page, URL, now=NOW).article.date_published


def card(date):
    page = (
        '<main><article><div class=post-thumb><a class="img-link" href="/news/812/x"></a></div>'
        f"<div class=post-card-content><h5>{NAME}</h5><div class=entry-meta>{date}</div></div></article></main>"
    )
    return read_listing(page, ROOT, root=ROOT, now=NOW).cards[0].date


DATES = {
    "a time element beside a relative text": "<span><time datetime='2026-11-28T10:30:00+02:00'>منذ يوم</time></span>",
    "a title": "<span title='28 نوفمبر 2026 10:30 ص'>منذ يوم</span>",
    "a title of an abbreviation": "<span><abbr title='2026-11-28T08:30:00Z'>قبل حوالي 27 ساعة</abbr></span>",
    "seconds": "<span data-timestamp='1795854600'>منذ يوم واحد</span>",
    "milliseconds": "<span><i data-time='1795854600000'></i> منذ يوم</span>",
    "an element of a script": "<span><relative-time datetime='2026-11-28T10:30:00+02:00'>أمس</relative-time></span>",
    "in Arabic digits": "<span><time datetime='٢٠٢٦-١١-٢٨T١٠:٣٠:٠٠+٠٢:٠٠'>٢٨ نوفمبر ٢٠٢٦</time></span>",
    "a placeholder beside a date": "<span><time datetime='0001-01-01T00:00:00Z'>28 نوفمبر 2026 10:30</time></span>",
    "an empty one": "<span><time datetime=''>28 نوفمبر 2026 10:30 ص</time></span>",
    "another zone than the text's": "<span><time datetime='2026-11-28T03:30:00-05:00'>28 نوفمبر 2026 03:30</time></span>",
    "a label in a title": "<span title='نشر في'>28 نوفمبر 2026 10:30 ص</span>",
}  # fmt: skip


@pytest.mark.parametrize("read", [known, other, card])
@pytest.mark.parametrize("kind", DATES)
def test_date_for_machines_is_more_exact_than_the_text(kind, read):
    assert read(DATES[kind]) == MINUTE


@pytest.mark.parametrize("read", [known, card])
def test_day_for_machines_yields_to_the_minute_that_is_shown(read):
    assert read("<span><time datetime='2026-11-28'>28 نوفمبر 2026 10:30 ص</time></span>") == MINUTE
    day = datetime(2026, 11, 27, 22, tzinfo=UTC)
    assert read("<span><time datetime='2026-11-28'>منذ 9 أيام</time></span>") == day


@pytest.mark.parametrize("read", [known, card])
def test_local_time_as_if_it_were_utc_yields_to_what_is_shown(read):
    assert read("<span><time datetime='2026-11-28T10:30:00Z'>28 نوفمبر 2026 10:30 ص</time></span>") == MINUTE


def test_spans_together_give_the_minute():
    assert known("<span>٢٨ نوفمبر ٢٠٢٦</span><span>|</span><span>١٠:٣٠ ص</span>") == MINUTE
