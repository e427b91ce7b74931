"""Boilerplate: blocks that are about the page and not the news. Whole blocks only, compared on folded text. Pure.

A block is judged by what it begins with, how long it is and how much of it is link, never by a word inside it:
«تابعوا سير المعارك…» and «لمزيد من الضغط…» are news. The rules are in docs/extraction.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from alqahira import site
from alqahira.text.normalization import fold_text


def _keys(phrases: str) -> tuple[str, ...]:
    """The phrases, one a line or between commas, as keys."""
    return tuple(dict.fromkeys(fold_text(phrase) for line in phrases.splitlines() for phrase in line.split(",")))


_ALWAYS = _keys(
    f"""{site.SHARE_LABEL.value}, {site.IMAGE_ALT.value}
    مشاركة, شارك, شارك الخبر, شارك المقال, مشاركة الخبر, انسخ الرابط, نسخ الرابط, طباعة, إعلان, إعلانات
    advertisement, facebook, twitter, x, whatsapp, telegram"""
)
_COPYRIGHT = _keys("جميع الحقوق محفوظة, حقوق النشر محفوظة, كافة الحقوق محفوظة")
_TAG_LISTS = _keys("الكلمات المفتاحية, الكلمات الدلالية, كلمات دلالية, وسوم, تاجات")
# Labels of links to other articles.
_RELATED = _keys(
    """اقرأ أيضا, اقرأ المزيد, اقرأ كذلك, شاهد أيضا, طالع أيضا, قد يهمك, قد يعجبك
    موضوعات متعلقة, موضوعات ذات صلة, أخبار متعلقة, أخبار ذات صلة, مواضيع ذات صلة"""
)
_FOLLOW = _keys("تابعوا, تابعونا, تابع, لمزيد من, للمزيد من, لمتابعة, لمشاهدة, اشترك, اشتركوا, انضموا, حملوا")
_PLATFORMS = _keys(
    f"""فيسبوك, فيس بوك, تويتر, يوتيوب, تليجرام, تلجرام, تيليجرام, انستجرام, واتساب, جوجل نيوز, تيك توك, منصة إكس
    تطبيقنا, قناتنا, صفحتنا, موقعنا, facebook, youtube, telegram, google news, {site.NAME.value}"""
)
_SOURCE = fold_text("المصدر")
_STARTS = (*_COPYRIGHT, *_TAG_LISTS, *_RELATED, *_FOLLOW, _SOURCE)
_SHORT_WORDS = 14
_VERY_SHORT_WORDS = 4
_SOURCE_WORDS = 8
_MOSTLY = 0.5
_LONGEST_LABEL = 80  # characters


def _begins(key: str, starts: tuple[str, ...]) -> str | None:
    return next((start for start in starts if key == start or key.startswith(start + " ")), None)


def is_related_label(text: str) -> bool:
    """Whether a block announces links to other stories: the label alone, with or without a colon."""
    return len(text) <= 40 and fold_text(text) in _RELATED


def is_boilerplate(text: str, link_share: float = 0.0) -> bool:
    """Whether a whole block is boilerplate. `link_share`: how much of it stands in links, 0 to 1."""
    if len(text) > 400:
        return False
    key = fold_text(text)
    if not key or key in _ALWAYS:
        return True
    if not key.startswith(_STARTS):  # nearly all paragraphs
        return False
    words = len(key.split())
    mostly_link = link_share >= _MOSTLY
    if _begins(key, _COPYRIGHT) or _begins(key, _TAG_LISTS):
        return words <= 25
    if label := _begins(key, _RELATED):
        after = text[_label_end(text, label) :].lstrip()
        return (
            mostly_link
            or words <= len(label.split()) + _VERY_SHORT_WORDS - 1
            or after.startswith((":", "..", "…", "-"))
        )
    if _begins(key, _FOLLOW):
        return mostly_link or (words <= _SHORT_WORDS and any(f" {platform}" in f" {key}" for platform in _PLATFORMS))
    return key.split()[0] == _SOURCE and words <= _SOURCE_WORDS and re.match(r"\s*[^\s:]+\s*:", text) is not None


def _label_end(text: str, label: str) -> int:
    """Where in the text the label ends: after as many words as it has."""
    match = re.match(r"\W*" + r"\s+".join([r"[^\s:.…-]+"] * len(label.split())), text)
    return match.end() if match else 0


def without_label_links(text: str, links: Sequence[str]) -> str:
    """A paragraph without a labelled link that stands inside it («… اقرأ أيضًا: <link>»)."""
    for link in links:
        if not link.strip():
            continue
        at = text.find(link)
        before = text[:at]
        near = max(0, at - _LONGEST_LABEL)
        label = re.search(r"[(\[«]?\s*(?P<label>[^\s.!؟?،:]+\s+[^\s.!؟?،:]+)\s*[:：]\s*$", before[near:])
        if at >= 0 and label and fold_text(label["label"]) in _RELATED:
            rest = text[at + len(link) :].lstrip(")]» ")
            text = f"{before[: near + label.start()].rstrip()} {rest}".strip()
    return text
