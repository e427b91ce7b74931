"""Fields of pages by general extractors, for other benchmarks, in an environment that has them.

    python benchmarks/general_extractors.py < pages.jsonl > answers.jsonl
    python benchmarks/general_extractors.py --cpu < pages.jsonl    CPU seconds a page of each, as one JSON object

Reads {"url", "html"} a line; writes {extractor: {"headline", "body", "published", "seconds"}} a line, with `published`
as ISO 8601 and `seconds` of CPU. Each gets the language, if it takes one; an extractor that raises gives null.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from lxml import html as lxml_html

Fields = dict[str, Any]
_language: str | None = "ar"  # None: each page names its own


def trafilatura(html: str, url: str) -> Fields:
    from trafilatura import bare_extraction

    document = bare_extraction(html, url=url, with_metadata=True)
    return {"headline": document.title, "body": document.text, "published": document.date}


def readability(html: str, url: str) -> Fields:
    from readability import Document

    document = Document(html, url=url)
    blocks = lxml_html.fromstring(document.summary()).iter("p", "li", "h2", "h3", "blockquote")
    texts = ["".join(block.itertext()).strip() for block in blocks if block.find(".//p") is None]
    return {"headline": document.title(), "body": "\n".join(texts), "published": None}


def newspaper4k(html: str, url: str) -> Fields:
    from newspaper import Article

    article = Article(url, language=_language) if _language else Article(url)
    article.download(input_html=html)
    article.parse()
    return {"headline": article.title, "body": article.text, "published": article.publish_date}


def news_please(html: str, url: str) -> Fields:
    from newsplease import NewsPlease

    article = NewsPlease.from_html(html, url=url)
    return {"headline": article.title, "body": article.maintext, "published": article.date_publish}


def goose3(html: str, url: str) -> Fields:
    from goose3 import Goose
    from goose3.text import StopWordsArabic

    article = Goose({"stopwords_class": StopWordsArabic}).extract(raw_html=html)
    return {"headline": article.title, "body": article.cleaned_text, "published": article.publish_datetime_utc}


EXTRACTORS: dict[str, Callable[[str, str], Fields]] = {
    "trafilatura": trafilatura,
    "readability-lxml": readability,
    "newspaper4k": newspaper4k,
    "news-please": news_please,
    "goose3": goose3,
}


def extract_fields(extract: Callable[[str, str], Fields], html: str, url: str) -> Fields:
    began = time.process_time()
    try:
        fields = extract(html, url)
    except Exception:  # it gives nothing
        fields = {"headline": None, "body": None, "published": None}
    published = fields["published"]
    published = published.isoformat() if hasattr(published, "isoformat") else published
    return fields | {"published": published, "seconds": time.process_time() - began}


def cpu_a_page(extract: Callable[[str, str], Fields], pages: list[dict[str, str]]) -> float:
    extract_fields(extract, **pages[0])  # loads what it needs
    began = time.process_time()
    for page in pages:
        extract_fields(extract, **page)
    return (time.process_time() - began) / len(pages)


def main() -> None:
    global _language
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--only", default=",".join(EXTRACTORS), help="names, separated by commas")
    parser.add_argument("--language", default="ar", help="ISO 639-1, or `any`")
    given = parser.parse_args()
    _language = None if given.language == "any" else given.language
    extractors = {name: EXTRACTORS[name] for name in given.only.split(",")}
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    if given.cpu:
        pages = [json.loads(line) for line in sys.stdin]
        print(json.dumps({name: cpu_a_page(extract, pages) for name, extract in extractors.items()}))
        return
    for number, line in enumerate(sys.stdin):
        page = json.loads(line)
        for extract in () if number else extractors.values():  # loads what they need
            extract_fields(extract, **page)
        answers = {name: extract_fields(extract, **page) for name, extract in extractors.items()}
        print(json.dumps(answers, ensure_ascii=False))


if __name__ == "__main__":
    main()
