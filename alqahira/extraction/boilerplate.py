"""Boilerplate: whole blocks of text about the page or the site, compared on folded text. Pure.

What counts is a block's first words, its length and its share of links, never a word inside it: «تابعوا سير المعارك…»
and «لمزيد من الضغط…» are news. The rules are in docs/extraction.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from alqahira import site
from alqahira.text.normalization import fold_text


def _keys(phrases: str) -> tuple[str, ...]:
    """The phrases, separated by commas or line ends, as keys."""
    return tuple(dict.fromkeys(fold_text(phrase) for line in phrases.splitlines() for phrase in line.split(",")))


_ALWAYS = frozenset(
    _keys(
        f"""{site.SHARE_LABEL.value}, {site.IMAGE_ALT.value}
    كتب, كتبت, كتبه, بقلم
    مشاركة, شارك, شارك الخبر, شارك المقال, مشاركة الخبر, انسخ الرابط, نسخ الرابط, طباعة, إعلان, إعلانات
    advertisement, facebook, twitter, x, whatsapp, telegram"""
    )
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
# The longest block of each kind in words; a longer one is news.
_FOOTER_WORDS, _FOLLOW_WORDS, _SOURCE_WORDS = 25, 14, 8
_WORDS_AFTER_LABEL = 3
_LONGEST, _LONGEST_LABEL = 400, 80  # characters
_MOSTLY_LINK = 0.5
_MOST_LINKS = 200  # in one paragraph; those after them keep their labels


def is_boilerplate(text: str, link_share: float = 0.0) -> bool:
    """Whether a whole block is boilerplate. `link_share`: the share of its text in links, 0 to 1."""
    if len(text) > _LONGEST:
        return False
    key = fold_text(text)
    if not key or key in _ALWAYS:
        return True
    if not key.startswith(_STARTS):  # nearly all paragraphs
        return False
    words = len(key.split())
    is_link = link_share >= _MOSTLY_LINK
    if _start(key, _COPYRIGHT) or _start(key, _TAG_LISTS):
        return words <= _FOOTER_WORDS
    if label := _start(key, _RELATED):
        is_short = words <= len(label.split()) + _WORDS_AFTER_LABEL
        return is_link or is_short or _after(text, label).startswith((":", "..", "…", "-"))
    if _start(key, _FOLLOW):
        return is_link or (words <= _FOLLOW_WORDS and any(f" {platform}" in f" {key}" for platform in _PLATFORMS))
    return key.split()[0] == _SOURCE and words <= _SOURCE_WORDS and re.match(r"\s*[^\s:]+\s*:", text) is not None


def is_related_label(text: str) -> bool:
    """Whether a block is nothing but a label of links to other stories, with or without a colon."""
    return len(text) <= 40 and fold_text(text) in _RELATED


def without_label_links(text: str, links: Sequence[str]) -> str:
    """A paragraph without the labelled links inside it («… اقرأ أيضًا: <link>»)."""
    for link in links[:_MOST_LINKS]:
        if not link.strip():
            continue
        at = text.find(link)
        near = max(0, at - _LONGEST_LABEL)
        label = re.search(r"[(\[«]?\s*(?P<label>[^\s.!؟?،:]+\s+[^\s.!؟?،:]+)\s*[:：]\s*$", text[near : max(at, 0)])
        if at >= 0 and label and fold_text(label["label"]) in _RELATED:
            rest = text[at + len(link) :].lstrip(")]» ")
            text = f"{text[: near + label.start()].rstrip()} {rest}".strip()
    return text


def _start(key: str, starts: tuple[str, ...]) -> str | None:
    """The phrase that the key begins with, as whole words."""
    return next((start for start in starts if key == start or key.startswith(start + " ")), None)


def _after(text: str, label: str) -> str:
    """The text after as many words as the label has; all of it if there are fewer."""
    match = re.match(r"\W*" + r"\s+".join([r"[^\s:.…-]+"] * len(label.split())), text)
    return text[match.end() if match else 0 :].lstrip()
