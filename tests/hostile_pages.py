"""Pages, listings and sitemaps of up to 4 MB of one thing, each of which once took minutes, or stands for such a one."""

from __future__ import annotations

LARGEST = 4_000_000  # bytes
TEXT = "<p>" + "أعلنت وزارة الدفاع في بيان رسمي عن بدء مناورات مشتركة في البحر المتوسط اليوم. " * 8 + "</p>"
MARKS = "\u064b\u0650"  # out of the order that normalization gives them


def filled(piece: str, size: int = LARGEST) -> str:
    return piece * (size // len(piece.encode()))


def counted(form: str, size: int = LARGEST) -> str:
    """The form with 1, 2, 3, … in it."""
    count = size // (len(form.encode()) + 6)
    return "".join(form.replace("#", str(number)) for number in range(count))


def page(content: str = "", *, headline: str = "عنوان الخبر", meta: str = "", credit: str = "", tail: str = "") -> str:
    """The site's markup, as in the capture."""
    return (
        "<html><head></head><body><main><div class=container><div class=row><div class=col-lg-8>"
        f"<div class=single-content2><div class=entry-header><h1 class=entry-title>{headline}</h1>"
        f"<div class=entry-meta>{meta}</div></div><p><strong>{credit}</strong></p>"
        f"<article><div class=entry-main-content><div class=htmlCode>{TEXT}{content}</div></div></article>"
        f"</div></div></div></div></main>{tail}</body></html>"
    )


def json_ld(content: str) -> str:
    return page(tail=f'<script type="application/ld+json">{content}</script>')


def flight(content: str) -> str:
    return page(tail=f'<script>self.__next_f.push([1,"{content}"])</script>')


def post(blocks: str) -> str:
    """A page whose article is in page data alone, as these blocks of text."""
    story = '{"id":1,"type":"post","title":"عنوان الخبر","postContent":[' + blocks + "]}"
    data = '{"props":{"pageProps":{"post":{"data":{"post":' + story + "}}}}}"
    return f'<html><body><script id="__NEXT_DATA__">{data}</script></body></html>'


NESTED = "<article><div><div>" * 29
TAGS = 3_000  # times six tags is below the bound
PAGES = {
    "marks in the text": page(f"<p>ا{filled(MARKS)}</p>"),
    "marks as entities": page(f"<p>ا{filled('&#x64b;&#x650;')}</p>"),
    "marks between tatweels": page(f"<p>ا{filled(MARKS * 15 + chr(0x640))}</p>"),
    "marks between joiners": page(f"<p>ا{filled(MARKS + chr(0x200D))}</p>"),
    "Tibetan marks": page(f"<p>ا{filled(chr(0xF73) + chr(0xF71))}</p>"),
    "marks in the headline": page(headline="ا" + filled(MARKS)),
    "marks in a date": page(meta=f"<span>{filled(MARKS)}</span>"),
    "marks in a link": page(f'<a href="/news/1/{filled(MARKS)}">x</a>'),
    "marks in data": json_ld('{"@type":"NewsArticle","headline":"' + filled(r"\u064b\u0650") + '"}'),
    "words in the headline": page(headline=filled("وزير الدفاع ")),
    "signs of many words": page(filled("\ufdfa")),
    "unknown entities": page(filled("&ampx")),
    "ampersands": page(f"<p>ا{filled('& ')}</p>"),
    "entities in entities": page(f"<p>ا{filled('&amp;amp;amp;')}</p>"),
    "emoji": page(f"<p>ا{filled(chr(0x1F600))}</p>"),
    "joiners": page(headline=filled("ا\u200c")),
    "joiners in short lines": page(meta=f"<span>{filled('ا' + chr(0x200C), 90_000)}</span>" * 40),
    "spaces": page(f"<p>ا{filled(' ')}ب</p>"),
    "attributes": page(f"<p {counted('a# ')}>x</p>"),
    "attributes with tags in them": page(
        f"<p {counted('a#=> ')}>x</p><p {counted(chr(39) + '>' + chr(39) + 'b# ', 1_000)}>"
    ),
    "attributes of a small page": page(f"<p {counted('a# ', 90_000)}>x</p>"),
    "elements": page(filled("<b>x</b>")),
    "elements inside each other": page("<div>" * 19_000 + TEXT),
    "paragraphs below nested articles": page(NESTED + "<p>نص" * 19_000),
    "spans of dates": page(meta="".join(f"<span>{n % 28 + 1} january foo {n} 2024</span>" for n in range(9_000))),
    "siblings": page("<i class=entry-header></i>" * 9_000 + "<p><strong>x</strong></p>"),
    "bodies": page("<div class=htmlCode>x</div>" * 9_000),
    "links in a paragraph": page(f"<p>{filled('كلام ', 1_000_000)}{'<a href=/x>اقرأ أيضا: خبر</a>' * 9_000}</p>"),
    "pushes": page(tail=f"<script>{filled('self.__next_f.push([')}</script>"),
    "rows": flight(filled(r"1:{}\n")),
    "rows of text": flight(filled("1:T1,x")),
    "rows that refer to one text": flight(
        f"2:T1e8480,{'x' * 2_000_000}" + filled(r"3:{\"id\":1,\"title\":\"$2\",\"body\":[\"$2\",\"$2\"]}\n", 1_900_000)
    ),
    "lines like the headline": json_ld('{"@type":"NewsArticle","headline":"س","articleBody":"' + filled(r"س\n") + '"}'),
    "objects in rows": flight(filled("1:[" + "{}," * 24 + r"{}]\n")),
    "objects in data": page(tail=f'<script id="__NEXT_DATA__">{{"a":[{filled("{},")}{{}}]}}</script>'),
    "blocks of text": post(",".join(['{"content":"<p>x</p>"}'] * 100_000)),
    "articles of other pages": json_ld("[" + counted('{"@type":"NewsArticle","headline":"خبر #"},') + "{}]"),
    "objects inside each other": json_ld('{"@graph":[' * 100_000),
}
CARD = "<article><div class=post-thumb><a class=img-link href=/news/#/x></a></div></article>"
LISTINGS = {
    "links below nested cards": "<article>" * 90 + counted("<a class=img-link href=/news/#/x></a>", 300_000),
    "cards below nested cards": "<article>" * 90
    + "<div class=post-card-content><h5 class=post-title><a>x</a></h5></div>" * 1_000
    + counted("<div class=post-thumb><a class=img-link href=/news/#/x></a></div>", 150_000),
    "cards": counted(CARD),
    "dates": '{"a":['
    + counted('{"l":[{"id":#,"title":"x","slug":"x","publishedAt":"1 january foo # 2024"}]},')
    + "{}]}",
    "marks": '{"posts":[{"id":1,"title":"x","slug":"' + filled(r"\u064b\u0650") + '"}]}',
}
URL = "<url><loc>https://alqaheranews.net/news/#/x</loc>{}</url>"
SITEMAPS = {
    "dates": counted(URL.format("<lastmod>12 january foo # 2024</lastmod>")),
    "marks": counted(URL.format(f"<title>{MARKS * 200_000}</title>"), 4_000_000),
    "empty entries": filled("<url/>"),
    "children": "<url>" * 200 + filled("<a/>") + "</url>" * 200,
    "other elements": filled("<a/>"),
}
