"""Where requests may go: to the site's own host, and never to private, loopback or link-local addresses (SSRF).

`OffsiteGuardMiddleware` looks at the host's name, whatever flags a request carries: Scrapy's own lets a request with
`dont_filter` go anywhere. `GuardedResolver` checks a name where Scrapy's downloader resolves it, and the connection
goes to the address that was checked, so a name that changes its answer (DNS rebinding) gains nothing.
`AddressGuardMiddleware` looks up the rest: other hosts, before any request to them, and the browser's hosts, since it
resolves names itself.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy.exceptions import CannotResolveHostError
from scrapy.resolver import CachingHostnameResolver
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from alqahira.crawling.browser.handler import IN_BROWSER
from alqahira.crawling.middlewares.base import Middleware
from alqahira.crawling.request_info import request_info
from alqahira.extraction.urls import is_on_site
from alqahira.monitoring import causes
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.base import ReactorBase

logger = logging.getLogger(__name__)

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_LOOKUP = 10.0  # seconds
_NAT64 = IPv6Network("64:ff9b::/96")  # an IPv4 address in the last 32 bits: RFC 6052, section 2.1
# Not the public internet's, though Python may call them global: addresses that carry an IPv4 address (RFC 4291,
# section 2.5.5; 6to4, which RFC 7526 retired), local NAT64 (RFC 8215) and site-local ones (RFC 3879).
_NOT_PUBLIC = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "2002::/16", "64:ff9b:1::/48", "fec0::/10")))

Address = IPv4Address | IPv6Address


class OffsiteGuardMiddleware(Middleware):
    """Refuses requests to other hosts than that of ALQAHIRA_SITE_URL (`www.` or not), with the cause `offsite`.

    Only a robots.txt may be redirected to another host (RFC 9309, section 2.3.1.2). A redirect, 3xx or meta refresh,
    is checked as a request of its own; a browser follows redirects itself, so its answers are checked too.
    """

    def process_request(self, request: Request) -> None:
        self._check(request, request.url)

    def process_response(self, request: Request, response: Response) -> Response:
        self._check(request, response.url)
        return response

    def _check(self, request: Request, url: str) -> None:
        is_web = url.lower().startswith(("http://", "https://"))
        if not request_info(request).is_robots and not (is_web and is_on_site(url, self.configuration.site_url)):
            raise self.refused(causes.OFFSITE, url)


class AllowedAddresses:
    """Public addresses, and internal ones of hosts and ports that the operator named: the site and proxies.

    The site's host may be internal if its first lookup in this run was (the replica on loopback, a staging server);
    a public site that turns internal later is an attack.
    """

    def __init__(self, site_url: str) -> None:
        self._host, port = _endpoint(site_url)
        ports = _DEFAULT_PORTS.values() if port in _DEFAULT_PORTS.values() else [port]
        self.site = {(self._host, port) for port in ports}
        self._proxies = {_endpoint(proxy) for scheme, proxy in getproxies().items() if scheme != "no"}
        self._site_was_public: bool | None = None

    def allow(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection to this host and port may be made if it has this address. Logs a refusal."""
        host, public = host.lower().strip("[]"), is_public(address)
        if host == self._host and self._site_was_public is None:
            self._site_was_public = public
        is_site = (host, port) in self.site and not self._site_was_public
        allowed = public or is_site or (host, port) in self._proxies
        if not allowed:
            logger.warning("Refused %s:%d: it has the internal address %s", host, port, address)
        return allowed


class GuardedResolver(CachingHostnameResolver):
    """Resolves names to allowed addresses only. One for all crawls of a process.

    https://docs.scrapy.org/en/latest/topics/settings.html#twisted-dns-resolver
    """

    allowed: AllowedAddresses

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        resolver = super().from_crawler(crawler, reactor)
        resolver.allowed = AllowedAddresses(configuration_of(crawler).site_url)
        return resolver

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        guarded: Any = _GuardedReceiver(resolutionReceiver, self.allowed, hostName, portNumber)
        return super().resolveHostName(guarded, hostName, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _GuardedReceiver:
    """Passes on the addresses that are allowed. (zope's interfaces have no `self`: hence Any.)"""

    def __init__(self, receiver: Any, allowed: AllowedAddresses, host: str, port: int) -> None:
        self._allowed, self._host, self._port = allowed, host, port
        self.resolutionBegan = receiver.resolutionBegan
        self.resolutionComplete = receiver.resolutionComplete
        self._pass_on = receiver.addressResolved

    def addressResolved(self, address: Any) -> None:
        if self._allowed.allow(self._host, self._port, ip_address(address.host.partition("%")[0])):
            self._pass_on(address)


class AddressGuardMiddleware(Middleware):
    """Refuses requests to internal addresses, and answers from them, with the cause `private_address`."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._allowed = AllowedAddresses(self.configuration.site_url)

    async def process_request(self, request: Request) -> None:
        host, port = _endpoint(request.url)
        if (host, port) not in self._allowed.site or request.meta.get(IN_BROWSER):
            self._check(request.url, await look_up(host, port))

    def process_response(self, request: Request, response: Response) -> Response:
        """Checks who answered, for the browser, which follows redirects itself."""
        if response.ip_address is not None and not request.meta.get("proxy"):
            self._check(response.url, [response.ip_address])
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Gives a name that the resolver refused its own cause, unlike one that does not exist."""
        if isinstance(exception, CannotResolveHostError):
            self._check(request.url, await look_up(*_endpoint(request.url)))

    def _check(self, url: str, addresses: list[Address]) -> None:
        if not all(self._allowed.allow(*_endpoint(url), address) for address in addresses):
            raise self.refused(causes.PRIVATE_ADDRESS, url)


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet's, also where NAT64 carries an IPv4 address."""
    if address in _NAT64:
        address = IPv4Address(int(address) & 0xFFFFFFFF)
    return address.is_global and not address.is_multicast and not any(address in network for network in _NOT_PUBLIC)


async def look_up(host: str, port: int) -> list[Address]:
    """The addresses of a host: a name, or an address in any notation (`0x7f.1`). Empty if it does not resolve.

    Raises CannotResolveHostError if that is not known after ten seconds.
    """
    loop = asyncio.get_running_loop()
    try:
        answer = loop.getaddrinfo(host.rstrip(".").partition("%")[0], port, type=socket.SOCK_STREAM)
        entries = await asyncio.wait_for(answer, _LONGEST_LOOKUP)
    except TimeoutError:  # it may be an internal one
        raise CannotResolveHostError(f"{host} was not found in {_LONGEST_LOOKUP:.0f} seconds") from None
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries]


def _endpoint(url: str) -> tuple[str, int]:
    """Host and port; the scheme's default port if the URL has no valid one."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError:
        port = None
    return (parts.hostname or "").lower(), port or _DEFAULT_PORTS.get(parts.scheme, 0)
