"""A ledger whose every text tries to act in a browser, for the tests of the pages that show it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ledger_scenario import NOW, accept, crawled, link, opened

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "' onmouseover='alert(3)' x='",
    "</bdi></a></li></style><style>*{display:none}</style>",
    "</title><svg onload=alert(4)><foreignObject><iframe src='//evil.example'>",
    "]]></text><script>alert(5)</script><!--",
    "\u202eمقلوب\u2066 يتبع\u202d",
    "{{ 7 * 7 }}{% raw %}{{ figures }}",
    '=HYPERLINK("http://evil.example","x"),"ب"\tج',
    "&lt;b&gt; &amp;quot; &#x3c;i&#x3e;",
    "طويل " * 2_000 + "نهاية",
    "كلمة" * 2_500,
)
ELSEWHERE = (
    "javascript:alert(6)",
    "data:text/html,<script>alert(7)</script>",
    "https://evil.example/news/1/x",
    "https://alqaheranews.net@evil.example/",
    '/news/1/x" onclick="alert(8)',
)


def fill(folder: Path) -> None:
    """A ledger with hostile text in every field; its first addresses are not of the site."""
    with opened(folder) as ledger:
        ledger.claim_site("alqaheranews.net")
        ledger.start_run("20261124T100000Z-<b>defense", "defense", NOW)
        for number, headline in enumerate(HOSTILE, 1):
            item = crawled(number, headline=headline, published=NOW - timedelta(minutes=number))
            item.article.keywords = [headline, "سياسة"]
            item.article.topic_terms = [headline[:60]]
            item.article.agencies = [headline[:300]]
            if number <= len(ELSEWHERE):
                item.article.url = ELSEWHERE[number - 1]
            ledger.discover([link(number)], section="defense", run_id="run", now=NOW)
            accept(ledger, item)
        account = {"discovered": 2, "accepted": 2, "causes": {"failed": {HOSTILE[0]: 2}}, "drift": [HOSTILE[1]]}
        account["sources"] = {HOSTILE[2]: {HOSTILE[3]: 3, "none": 1}}
        ledger.finish_run("20261124T100000Z-<b>defense", account, 1, NOW, complete=False)
