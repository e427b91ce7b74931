"""Markup that was encoded as text, once or more, and captions: neither is part of a story's text."""

from __future__ import annotations

import html as escapes
import json
from datetime import UTC, datetime

import pytest

from alqahira.extraction.extractor import read_page

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://alqaheranews.net/news/812/x"
NAME = "البلدية تفتتح مكتبة عامة في الحي القديم"
TEXTS = [f"افتتحت البلدية مكتبة عامة رقم {n} ودعت السكان إلى زيارتها خلال أيام الأسبوع." for n in range(3)]
STORY = "".join(f"<p>{text}</p>" for text in TEXTS)
BODY = "\n\n".join(TEXTS)


def known(body, head="", heading=NAME):
    page = (
        f"<html><head>{head}</head><body><main><div class=container><div class=row><div class=col-lg-8>"
        f"<div class=single-content2><div class=entry-header><h1 class=entry-title>{heading}</h1></div><article>"
        f"<div class=entry-main-content><div class=htmlCode>{body}</div></div></article></div></div></div></div></main>"
    )
    return read_page(page, URL, now=NOW).article


def other(body, head="", heading=NAME):
    page = f"<html><head><title>{NAME}</title>{head}</head><body><h1>{heading}</h1><div>{body}</div></body></html>"
    return read_page(page, URL, now=NOW).article


def script(kind, data):
    # As servers write it inside a script.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return f"<script {kind}>{text}</script>"


def in_json_ld(body):
    data = {"@type": "NewsArticle", "headline": NAME, "articleBody": body}
    return read_page(f"<html><head>{script('type=application/ld+json', data)}</head></html>", URL, now=NOW).article


def in_page_data(body):
    data = {"post": {"id": 812, "title": NAME, "body": body}}
    return read_page(f"<html><body>{script('id=__NEXT_DATA__', data)}</body></html>", URL, now=NOW).article


def in_blocks(body):
    post = {"id": 812, "title": NAME, "type": "post", "postContent": [{"type": "html", "order": 0, "content": body}]}
    data = {"props": {"pageProps": {"post": {"data": {"post": post}}}}}
    return read_page(f"<html><body>{script('id=__NEXT_DATA__', data)}</body></html>", URL, now=NOW).article


def encoded(text, times=1):
    for _ in range(times):
        text = escapes.escape(text)
    return text


BODIES = {
    "not encoded": STORY,
    "encoded once": encoded(STORY),
    "encoded twice": encoded(STORY, 2),
    "encoded by numbers": STORY.replace("<", "&#60;").replace(">", "&#x3E;"),
    "encoded inside a paragraph": f"<p>{encoded(STORY)}</p>",
    "lines of text, encoded": encoded("<br><br>".join(TEXTS)),
    "with a class and a style": encoded(STORY.replace("<p>", '<p class="x" style="direction: rtl">')),
}


@pytest.mark.parametrize("read", [known, other, in_json_ld, in_page_data, in_blocks])
@pytest.mark.parametrize("kind", BODIES)
def test_encoded_body_is_read_as_markup(kind, read):
    assert read(BODIES[kind]).article_body == BODY


@pytest.mark.parametrize("read", [known, other, in_json_ld])
def test_signs_and_tags_that_a_story_quotes_stay(read):
    for text in (
        "تراوحت الدرجات بين 5 &lt; 7 وبين 9 &gt; 3 في المدن الساحلية يوم السبت.",
        "وكتب المهاجمون السطر &lt;img src=x&gt; في الصفحة، ثم أضافوا &lt;b&gt; في آخرها.",
    ):
        assert read(f"<p>{text}</p>{STORY}").article_body.startswith(escapes.unescape(text))


LINES = {
    "once": encoded(f"<p>{NAME}</p>"),
    "twice": encoded(f"<div><strong>{NAME}</strong></div>", 2),
    "a part of it": NAME.replace("عامة", "&lt;em&gt;عامة&lt;/em&gt;"),
    "a line break": NAME.replace(" في ", "&lt;br /&gt;في "),
}


@pytest.mark.parametrize("kind", LINES)
def test_headline_has_no_encoded_markup(kind):
    assert known(STORY, heading=LINES[kind]).headline == NAME
    data = {"@type": "NewsArticle", "headline": LINES[kind], "articleBody": STORY}
    read = read_page(f"<html><head>{script('type=application/ld+json', data)}</head></html>", URL, now=NOW)
    assert read.article.headline == NAME


def test_headline_may_quote_a_tag():
    assert known(STORY, heading="شرح الوسم &lt;b&gt; للمبتدئين").headline == "شرح الوسم <b> للمبتدئين"


@pytest.mark.parametrize("kind", LINES)
def test_description_has_no_encoded_markup(kind):
    text = LINES[kind].replace("البلدية", "مديرة").replace("مكتبة", "معرضًا").replace("الحي القديم", "ميدان المحطة")
    expected = NAME.replace("البلدية", "مديرة").replace("مكتبة", "معرضًا").replace("الحي القديم", "ميدان المحطة")
    assert known(STORY, head=f'<meta name="description" content="{text}">', heading="زيارات").description == expected


CAPTION = "صورة أرشيفية للمكتبة"
IMG = '<img src="/a.jpg">'
CAPTIONS = {
    "a figure": f"<figure>{IMG}<figcaption>{CAPTION}</figcaption></figure>",
    "a figure that is a div": f'<div class="figure">{IMG}<div class="figcaption">{CAPTION}</div></div>',
    "the classic editor of WordPress": f'<div class="wp-caption alignnone" style="width: 300px">{IMG}<p class="wp-caption-text">{CAPTION}</p></div>',
    "a list of TinyMCE": f'<dl class="wp-caption"><dt>{IMG}</dt><dd class="wp-caption-dd">{CAPTION}</dd></dl>',
    "a gallery of WordPress": f'<div id="g1" class="gallery"><dl class="gallery-item"><dt>{IMG}</dt><dd class="wp-caption-text gallery-caption">{CAPTION}</dd></dl></div>',
    "Gutenberg": f'<div class="wp-block-image">{IMG}<span class="wp-element-caption">{CAPTION}</span></div>',
    "Froala": f'<p><span class="fr-img-caption fr-fic" contenteditable="false"><span class="fr-img-wrap">{IMG}<span class="fr-inner">{CAPTION}</span></span></span></p>',
    "Drupal": f'<article class="media">{IMG}<div class="image-caption">{CAPTION}</div></article>',
    "a table": f'<table class="image"><tr><td>{IMG}</td></tr><tr><td class="caption">{CAPTION}</td></tr></table>',
    "a photographer": f'<p>{IMG}</p><div class="photo-credit">{CAPTION}</div>',
    "a source": f'<p>{IMG}</p><p class="img_source">{CAPTION}</p>',
    "a photographer's line": f"<p>{IMG}<br>تصوير: سامح فريد</p>",
    "an agency in brackets": f"<p>{IMG}</p><p>(رويترز)</p>",
    "an agency in brackets below a figure": f"<figure>{IMG}</figure><p>(أ ف ب)</p>",
    "a gallery with texts": f'<div class="photo-gallery"><div>{IMG}<p>{CAPTION}</p></div><div>{IMG}<p>{CAPTION}</p></div></div>',
}


@pytest.mark.parametrize("read", [known, other, in_blocks])
@pytest.mark.parametrize("kind", CAPTIONS)
def test_caption_is_no_part_of_the_body(kind, read):
    assert read(f"{CAPTIONS[kind]}{STORY}").article_body == BODY
    assert read(f"<p>{TEXTS[0]}</p>{CAPTIONS[kind]}<p>{TEXTS[1]}</p><p>{TEXTS[2]}</p>").article_body == BODY


NO_CAPTIONS = {
    "an element that has a caption": f'<div class="has-caption">{STORY}</div>',
    "a long text under the name of one": f'<div class="caption">{STORY}{STORY}</div>',
    "a longer text under the name of a gallery": f'<div class="gallery">{IMG}{STORY}{STORY}{STORY}</div>',
}


@pytest.mark.parametrize("kind", NO_CAPTIONS)
def test_story_is_no_caption_whatever_its_name(kind):
    assert TEXTS[2] in known(NO_CAPTIONS[kind]).article_body


def test_short_code_of_a_caption_is_no_body():
    code = f'[caption id="a1" width="300"]{IMG} {CAPTION}[/caption]'
    assert in_page_data(f"<p>{code}</p>{STORY}").article_body == BODY
