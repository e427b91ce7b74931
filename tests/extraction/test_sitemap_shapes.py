"""Sitemaps and feeds as sites really send them: other encodings, bytes around them, elements of other vocabularies."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.extraction.sitemap import read_sitemap

ROOT = "https://alqaheranews.net"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DATE = datetime(2026, 11, 20, 8, tzinfo=UTC)
TITLE = "البلدية تفتتح مكتبة عامة"
LINK = f"<link>{ROOT}/news/7/a</link>"
LOC = f"<loc>{ROOT}/news/7/a</loc>"
ATOM, DC = "http://www.w3.org/2005/Atom", "http://purl.org/dc/elements/1.1/"
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'


def read(body):
    return read_sitemap(body if isinstance(body, bytes) else body.encode(), f"{ROOT}/s.xml", root=ROOT, now=NOW)


def rss(inner, names=""):
    return f"<rss version='2.0' {names}><channel><title>قناة</title><item>{inner}</item></channel></rss>"


def atom(inner, more=""):
    return f"<feed xmlns='{ATOM}' {more}><title>قناة</title><entry>{inner}</entry></feed>"


def declared(encoding, text=None):
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{text or rss(f"<title>{TITLE}</title>{LINK}")}'


PLAIN = declared("UTF-8")
# file -> its one article has number 7 and this title
FILES = {
    "UTF-8": PLAIN,
    "a byte order mark and lines in front": f"\ufeff\n\n {PLAIN}",
    "a notice of PHP in front": f"<br />\n<b>Warning</b>: no file in <b>x.php</b><br />\n{PLAIN}",
    "UTF-16": declared("UTF-16").encode("utf-16"),
    "UTF-16 without its mark": declared("UTF-16").encode("utf-16-le"),
    "UTF-16 without a declaration": PLAIN.partition("\n")[2].encode("utf-16"),
    "Windows-1256": declared("windows-1256").encode("cp1256"),
    "Windows-1256 called UTF-8": PLAIN.encode("cp1256"),
    "UTF-8 called Windows-1256": declared("windows-1256").encode(),
    "UTF-8 called Latin-1": declared("ISO-8859-1").encode(),
    "UTF-8 under an unknown name": declared("x-arabic").encode(),
    "packed": gzip.compress(PLAIN.encode()),
    "packed twice": gzip.compress(gzip.compress(PLAIN.encode())),
    "packed three times": gzip.compress(gzip.compress(gzip.compress(PLAIN.encode()))),
    "packed, with a line in front": b"\r\n" + gzip.compress(PLAIN.encode()),
    "packed, with bytes behind": gzip.compress(PLAIN.encode()) + b"\0\0x",
    "packed in two members": gzip.compress(PLAIN[:80].encode()) + gzip.compress(PLAIN[80:].encode()),
    "packed, without its end": gzip.compress(PLAIN.encode())[:-8],
    "a style sheet and comments": f"<?xml-stylesheet href='x.xsl'?><!-- made by x -->{rss(f'<title><!-- t -->{TITLE}</title>{LINK}')}",
    "an entity of HTML": rss(f"<title>{TITLE.replace(' ', '&nbsp;', 1)}</title>{LINK}"),
    "a title in CDATA": rss(f"<title><![CDATA[ {TITLE} ]]></title><link><![CDATA[\n{ROOT}/news/7/a\n]]></link>"),
    "a title with markup": rss(f"<title>&lt;b&gt;{TITLE}&lt;/b&gt;</title>{LINK}"),
    "a title with encoded markup": atom(f"<title type='html'>&amp;lt;p&amp;gt;{TITLE}&amp;lt;/p&amp;gt;</title>{LINK}"),
    "a title of XHTML": atom(f"<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>البلدية <b>تفتتح</b> مكتبة عامة</div></title>{LINK}"),
    "a title of Dublin Core": rss(f"<d:title>{TITLE}</d:title>{LINK}", f"xmlns:d='{DC}'"),
    "a group of media in front": rss(f"<media:group><media:title>صورة</media:title></media:group><title>{TITLE}</title>{LINK}"),
    "a title of a podcast in front": rss(f"<itunes:title>حلقة</itunes:title><title>{TITLE}</title>{LINK}"),
    "the source's title in front": rss(f"<source url='https://x.example/'>صحيفة</source><title>{TITLE}</title>{LINK}"),
    "control characters": rss(f"<title>{TITLE}\x08</title>{LINK}"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_file_is_read_whatever_its_bytes_and_title(kind):
    assert [(entry.key, entry.headline) for entry in read(FILES[kind]).entries] == [("7", TITLE)]


OTHER, SEVEN = f"{ROOT}/news/8/b", f"{ROOT}/news/7/a"
LINKS = {
    "an address with a bare &": rss(f"<link>{SEVEN}?a=1&b=2</link>"),
    "a relative one": rss("<link>/news/7/a</link>"),
    "two, the first elsewhere": rss(f"<link>https://x.example/1</link>{LINK}"),
    "of Atom in RSS": rss(f"<atom:link href='{SEVEN}'/>", f"xmlns:atom='{ATOM}'"),
    "of Atom in RSS to the feed itself": rss(f"<a:link rel='self' href='{OTHER}'/>{LINK}", f"xmlns:a='{ATOM}'"),
    "an enclosure of RSS": rss(f"<enclosure url='{OTHER}' type='image/jpeg'/>{LINK}"),
    "related ones in front": atom(f"<link rel='related' href='{OTHER}'/><link rel='via' href='{OTHER}'/>{LINK}"),
    "a relation in capitals": atom(f"<link rel='Alternate' href='{SEVEN}'/>"),
    "a relation as an address": atom(f"<link rel='http://www.iana.org/assignments/relation/alternate' href='{SEVEN}'/>"),
    "an identifier alone": atom(f"<id>{SEVEN}</id>"),
    "an identifier that is a tag": atom(f"<id>tag:x,2026:/news/8/b</id><link href='{SEVEN}'/>"),
    "a base of the feed": atom("<link href='7/a'/>", f"xml:base='{ROOT}/news/'"),
    "a base of the entry": f"<feed xml:base='{ROOT}/'><entry xml:base='news/'><link href='7/a'/></entry></feed>",
    "a base of the link": atom(f"<link xml:base='{ROOT}/news/' href='7/a'/>"),
    "a guid that is none": rss(f"<guid isPermaLink='false'>{OTHER}</guid>{LINK}"),
    "a guid in capitals that is none": rss(f"<guid ispermalink=' FALSE '>{OTHER}</guid><guid>{SEVEN}</guid>"),
    "a number as guid": rss(f"<guid>8</guid>{LINK}"),
    "RDF": f"<rdf:RDF {RDF}><item rdf:about='{OTHER}'>{LINK}</item></rdf:RDF>",
    "RDF without a link": f"<rdf:RDF {RDF}><item rdf:about='{SEVEN}'><title>x</title></item></rdf:RDF>",
    "a comment inside": f"<urlset><url><loc><!-- 1 -->{SEVEN}</loc></url></urlset>",
    "other languages in front": f"<urlset xmlns:x='http://www.w3.org/1999/xhtml'><url><x:link rel='alternate' hreflang='en' href='{OTHER}'/>{LOC}</url></urlset>",
    "other languages of another page": f"<urlset xmlns:x='http://www.w3.org/1999/xhtml'><url><loc>{ROOT}/tag/x</loc><x:link rel='alternate' href='{OTHER}'/></url><url>{LOC}</url></urlset>",
    "an image under another prefix": f"<urlset xmlns:i='http://www.google.com/schemas/sitemap-image/1.1'><url><i:image><i:loc>{OTHER}</i:loc></i:image>{LOC}</url></urlset>",
    "an undeclared prefix": f"<s:urlset><s:url><s:loc>{SEVEN}</s:loc></s:url></s:urlset>",
    "lines of text": f"{SEVEN}\n{ROOT}/tag/x\nhttps://x.example/news/8/b\n",
    "lines of text with a byte order mark": f"\ufeff{SEVEN}?a=1&b=2\r\n".encode(),
}  # fmt: skip


@pytest.mark.parametrize("kind", LINKS)
def test_address_is_that_of_the_page(kind):
    assert [entry.key for entry in read(LINKS[kind]).entries] == ["7"]


NO_LINKS = {
    "an enclosure alone": atom(f"<link rel='enclosure' href='{OTHER}'/>"),
    "a guid that is none": rss(f"<guid isPermaLink='false'>{OTHER}</guid>"),
    "a base on another host": atom("<link href='/news/8/b'/>", "xml:base='https://x.example/'"),
    "a page of HTML": f"<!DOCTYPE html><html><body><a href='{OTHER}'>x</a></body></html>",
    "lines of anything": "User-agent: *\nDisallow: /news/8/b\n",
}


@pytest.mark.parametrize("kind", NO_LINKS)
def test_other_addresses_are_none(kind):
    assert read(NO_LINKS[kind]).entries == []


NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
DATES = {
    "the news extension under another prefix": f"<urlset xmlns:n='{NEWS}'><url>{LOC}<n:news><n:publication_date>2026-11-20T10:00:00+02:00</n:publication_date></n:news></url></urlset>",
    "the news extension in its own namespace": f"<urlset><url>{LOC}<news xmlns='{NEWS}'><publication_date>2026-11-20T10:00:00+02:00</publication_date></news></url></urlset>",
    "seconds": f"<urlset><url>{LOC}<news><publication_date>1795161600</publication_date></news></url></urlset>",
    "a zone in words": rss(f"{LINK}<pubDate>Fri, 20 Nov 2026 10:00:00 EET</pubDate>"),
    "no weekday and no seconds": rss(f"{LINK}<pubDate>20 Nov 2026 10:00 +0200</pubDate>"),
    "an element in lower case": rss(f"{LINK}<pubdate>Fri, 20 Nov 2026 08:00:00 GMT</pubdate>"),
    "in Arabic": rss(f"{LINK}<pubDate>الجمعة، 20 نوفمبر 2026 10:00:00 +0200</pubDate>"),
    "of Dublin Core's terms": rss(f"{LINK}<t:created>2026-11-20T08:00:00Z</t:created>", "xmlns:t='http://purl.org/dc/terms/'"),
    "behind a placeholder": rss(f"{LINK}<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate><d:date>2026-11-20T08:00:00Z</d:date>", f"xmlns:d='{DC}'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DATES)
def test_date_is_that_of_the_publication(kind):
    assert [entry.published for entry in read(DATES[kind]).entries] == [DATE]


FILE = f"{ROOT}/news-1.xml.gz"
INDEXES = {
    "a relative address": "<sitemapindex><sitemap><loc>/news-1.xml.gz</loc></sitemap></sitemapindex>",
    "below a base": f"<sitemapindex xml:base='{ROOT}/'><sitemap><loc>news-1.xml.gz</loc></sitemap></sitemapindex>",
    "in CDATA": f"<sitemapindex><sitemap><loc><![CDATA[{FILE}]]></loc></sitemap></sitemapindex>",
    "under a prefix": f"<s:sitemapindex xmlns:s='urn:x'><s:sitemap><s:loc>{FILE}</s:loc></s:sitemap></s:sitemapindex>",
    "packed": gzip.compress(f"<sitemapindex><sitemap><loc>{FILE}</loc></sitemap></sitemapindex>".encode()),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_index_names_its_files(kind):
    assert [file.url for file in read(INDEXES[kind]).sitemaps] == [FILE]


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda rest: PLAIN.encode()[:-20] + rest))
def test_any_bytes_raise_nothing(body):
    read(body)
    read(gzip.compress(body)[:-1])


def test_packed_bomb_is_cut():
    bomb = gzip.compress(gzip.compress(b"<urlset>" + b" " * (51 << 20), 1))
    assert read(bomb).is_cut
