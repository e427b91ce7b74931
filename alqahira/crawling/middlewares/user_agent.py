"""The User-Agent header: the project's name, its version and, if set, a contact.

No setting changes the name: a crawler that renames itself evades the robots.txt rules written for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alqahira.crawling.middlewares.base import Middleware
from alqahira.monitoring.summary import versions

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

PRODUCT_TOKEN = "alqahira"  # what robots.txt calls us (RFC 9309, section 2.2.1: letters, _ and -)
# A comment (RFC 9110, section 5.6.5) ends at a parenthesis; a backslash or a control character breaks the header.
_UNSAFE = re.compile(r"[^\x20-\x7e]|[()\\]")


def user_agent(contact: str = "") -> str:
    """The User-Agent header, such as `alqahira/0.1.0 (+contact)`.

    `contact` is an address or a URL; characters that could end the comment or the header are removed.
    """
    product = f"{PRODUCT_TOKEN}/{versions()['alqahira']}"
    safe = _UNSAFE.sub("", contact).strip()
    return f"{product} (+{safe})" if safe else product


class ProjectUserAgentMiddleware(Middleware):
    """Sets `user_agent(ALQAHIRA_USER_AGENT_CONTACT)` on every request, before Scrapy's own would set USER_AGENT.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html#module-scrapy.downloadermiddlewares.useragent
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._user_agent = user_agent(self.configuration.user_agent_contact)

    def process_request(self, request: Request) -> None:
        request.headers["User-Agent"] = self._user_agent
