"""Serving the pages on loopback with Twisted, which Scrapy brings: one reader, one request at a time."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import Any, cast

from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.report.served.pages import Pages

LOOPBACK = "127.0.0.1"
_IDLE_SECONDS = 60
# Beside the policy of each page. The browser keeps nothing after the command has ended.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Server:
    """Listens on 127.0.0.1; requests wait until `run` has pages to answer with.

    `port` 0: a free one. Raises ConfigurationError if the port cannot be used.
    """

    def __init__(self, port: int) -> None:
        from twisted.internet import reactor

        self._reactor = cast(Any, reactor)
        self._root = _Root()  # type: ignore[no-untyped-call]
        site: Any = Site(  # type: ignore[no-untyped-call]
            self._root, requestFactory=_BodilessRequest, timeout=_IDLE_SECONDS
        )
        try:
            listener = self._reactor.listenTCP(port, site, interface=LOOPBACK)
        except CannotListenError as error:
            reason = getattr(error.socketError, "strerror", error.socketError)
            raise ConfigurationError(f"port {port} of {LOOPBACK} cannot be used: {reason}; try --port 0") from None
        self.url = f"http://{LOOPBACK}:{listener.getHost().port}/"

    def run(self, pages: Pages) -> None:
        """Answer until SIGINT or SIGTERM."""
        self._root.pages = pages
        # Not Twisted's own handlers: a signal that comes while it starts, before they are set, would be lost.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._reactor.callFromThread(self._stop))
        self._reactor.run(installSignalHandlers=False)

    def _stop(self) -> None:
        with suppress(ReactorNotRunning):  # it is stopping already
            self._reactor.stop()


class _BodilessRequest(Request):
    """A request with a body ends its connection: no page takes one, and it would be stored first."""

    def gotLength(self, length: int | None) -> None:
        super().gotLength(0)  # type: ignore[no-untyped-call]
        if length != 0:
            channel: Any = self.channel
            channel.transport.abortConnection()


class _Root(Resource):
    """Every path: `pages` decides."""

    isLeaf = True

    pages: Pages

    def render(self, request: Request) -> bytes:
        method, host, target = (
            value.decode("ascii", "replace")
            for value in (request.method, request.getHeader(b"host") or b"", request.uri)
        )
        answer = self.pages.answer(method, host, target)
        request.setResponseCode(answer.status)
        request.responseHeaders.removeHeader(b"server")
        headers = {"Content-Type": answer.content_type, "Content-Security-Policy": answer.policy, **_HEADERS}
        if answer.status == 405:
            headers["Allow"] = "GET, HEAD"
        for name, value in headers.items():
            request.responseHeaders.setRawHeaders(name, [value])
        if method == "HEAD":  # Twisted logs that it drops the body otherwise
            return b""
        return answer.body
