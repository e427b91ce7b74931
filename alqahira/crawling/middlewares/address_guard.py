"""No request to private, loopback, link-local or otherwise internal addresses (SSRF), the site itself excepted.

Three doors. A URL that spells such an address, in any form, is refused before anything is sent. A name is
checked where Scrapy's downloader resolves it (`GuardedResolver`), and the connection goes to the address that
was checked, so a name that changes its answer (DNS rebinding) gains nothing. A browser resolves names by
itself: its requests are looked up beforehand and the address of its answer is checked afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy.exceptions import CannotResolveHostError
from scrapy.resolver import CachingHostnameResolver
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from alqahira.crawling.browser.handler import IN_BROWSER
from alqahira.crawling.middlewares.addresses import Address, is_public, literal_address
from alqahira.monitoring import causes
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.base import ReactorBase

logger = logging.getLogger(__name__)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Exceptions:
    """The hosts and ports that may have an internal address because the operator named them: the site, and proxies.

    The site's host may be internal if it was so when it was first looked up in this run (the replica on
    loopback, a staging server, a hosts file); a public site that turns internal later is an attack.
    """

    def __init__(self, site_url: str) -> None:
        root = urlsplit(site_url)
        self._site = (root.hostname or "").lower()
        self._named = set(_endpoints(root.geturl()))
        if root.port in (None, *_DEFAULT_PORTS.values()):
            self._named |= {(self._site, port) for port in _DEFAULT_PORTS.values()}
        self._proxies = {end for scheme, proxy in getproxies().items() if scheme != "no" for end in _endpoints(proxy)}
        self._site_was_public: bool | None = None

    def allow(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection to this host and port may be made, where it has this address."""
        host, public = host.lower().strip("[]"), is_public(address)
        if host == self._site and self._site_was_public is None:
            self._site_was_public = public
        if public or (host, port) in self._proxies:
            return True
        return (host, port) in self._named and not self._site_was_public


def _endpoints(url: str) -> Iterator[tuple[str, int]]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.hostname:
        yield parts.hostname.lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)


class GuardedResolver(CachingHostnameResolver):
    """Resolves names to allowed addresses only; what it refused stays in `refused`.

    https://docs.scrapy.org/en/latest/topics/settings.html#twisted-dns-resolver
    """

    def __init__(self, reactor: ReactorBase, cache_size: int, exceptions: Exceptions) -> None:
        super().__init__(reactor, cache_size)
        self._exceptions = exceptions
        self.refused: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> GuardedResolver:
        size = crawler.settings.getint("DNSCACHE_SIZE") if crawler.settings.getbool("DNSCACHE_ENABLED") else 0
        return cls(reactor, size, Exceptions(configuration_of(crawler).site_url))

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        guarded: Any = _GuardedReceiver(resolutionReceiver, self, hostName, portNumber)
        return super().resolveHostName(guarded, hostName, portNumber, addressTypes, transportSemantics)

    def allows(self, host: str, port: int, address: str) -> bool:
        allowed = self._exceptions.allow(host, port, ip_address(address.partition("%")[0]))
        if not allowed:
            self.refused.add(host.lower())
            logger.warning("%s:%d has the internal address %s: refused", host, port, address)
        return allowed


@implementer(IResolutionReceiver)
class _GuardedReceiver:
    """Passes on the addresses that are allowed. (zope's interfaces have no `self`: hence Any.)"""

    def __init__(self, receiver: Any, resolver: GuardedResolver, host: str, port: int) -> None:
        self._receiver, self._resolver, self._host, self._port = receiver, resolver, host, port

    def resolutionBegan(self, resolution: Any) -> None:
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        if self._resolver.allows(self._host, self._port, address.host):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()


class AddressGuardMiddleware:
    """Refuses requests to internal addresses, and answers from them, with the cause `private_address`."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._exceptions = Exceptions(configuration_of(crawler).site_url)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AddressGuardMiddleware:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        host, port = _host_and_port(request.url)
        address = literal_address(host)
        if address is not None:
            self._check(host, port, [address], request.url)
        elif request.meta.get(IN_BROWSER):
            self._check(host, port, await _look_up(host, port), request.url)

    def process_response(self, request: Request, response: Response) -> Response:
        """Checks who answered: after the fact, but a browser follows redirects without asking us."""
        if response.ip_address is not None and not request.meta.get("proxy"):
            self._check(*_host_and_port(response.url), [response.ip_address], response.url)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Tells a name that the resolver refused from one that does not exist."""
        from twisted.internet import reactor  # installed only once the crawl runs

        resolver = getattr(reactor, "nameResolver", None)
        host, _ = _host_and_port(request.url)
        if (
            isinstance(exception, CannotResolveHostError)
            and isinstance(resolver, GuardedResolver)
            and host in resolver.refused
        ):
            raise causes.refused(self.crawler, causes.PRIVATE_ADDRESS, request.url)

    def _check(self, host: str, port: int, addresses: list[Address], url: str) -> None:
        if not all(self._exceptions.allow(host, port, address) for address in addresses):
            raise causes.refused(self.crawler, causes.PRIVATE_ADDRESS, url)


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return (parts.hostname or "").lower(), port or _DEFAULT_PORTS.get(parts.scheme, 0)


async def _look_up(host: str, port: int) -> list[Address]:
    """The addresses of a name; none where it has none, which the browser will find out itself."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
