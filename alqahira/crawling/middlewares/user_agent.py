"""How the crawler introduces itself: the project's name, its version and, if set, whom to write to.

The name cannot be changed by a setting, because robots.txt is read for it: a crawler that renames itself
evades the rules that a site wrote for it.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler

PRODUCT_TOKEN = "alqahira"  # what robots.txt calls us (RFC 9309, section 2.2.1: letters, _ and -)
_MAX_CONTACT = 200  # characters
# A comment (RFC 9110, section 5.6.5) ends at a parenthesis; a backslash or a control character breaks the header.
_UNSAFE = re.compile(r"[^\x20-\x7e]|[()\\]")


def _version() -> str:
    try:
        return version("alqahira")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0.1.0"


def user_agent(contact: str = "") -> str:
    """The User-Agent header: `alqahira/0.1.0`, and `(+contact)` behind it where one is given.

    `contact` is an address or a URL; characters that could end the comment or the header are left out.
    """
    product = f"{PRODUCT_TOKEN}/{_version()}"
    safe = _UNSAFE.sub("", contact).strip()[:_MAX_CONTACT]
    return f"{product} (+{safe})" if safe else product


class ProjectUserAgentMiddleware:
    """Sets `user_agent(ALQAHIRA_USER_AGENT_CONTACT)` on every request, before Scrapy's own would set USER_AGENT.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html#module-scrapy.downloadermiddlewares.useragent
    """

    def __init__(self, contact: str) -> None:
        self._user_agent = user_agent(contact)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(configuration_of(crawler).user_agent_contact)

    def process_request(self, request: Request) -> None:
        request.headers["User-Agent"] = self._user_agent
