"""No request goes to an internal address, in any notation, other than the configured site's."""

from __future__ import annotations

from collections.abc import Callable

from hostile_server import Crawl, Host, manners, run_crawl

OpenHost = Callable[..., Host]
# Without the guard that keeps a crawl on its site, so that this one is seen alone.
GUARD = manners()["DOWNLOADER_MIDDLEWARES"] | {"alqahira.crawling.middlewares.address_guard.AddressGuardMiddleware": 60}
RESOLVER = "alqahira.crawling.middlewares.address_guard.GuardedResolver"


def test_internal_address_other_than_the_site_is_never_requested(open_host: OpenHost) -> None:
    site, internal = open_host(), open_host("127.0.0.1")
    port = internal.root.rpartition(":")[2]
    literal = [
        f"http://{host}:{port}/x"
        for host in (
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0177.1",
            "[::ffff:127.0.0.1]",
            "[::1]",
            "169.254.169.254",
        )
    ]
    by_name = f"http://localhost:{port}/x"
    crawl = Crawl(site, ["/page", *literal, by_name], {"DOWNLOADER_MIDDLEWARES": GUARD})
    outcome = run_crawl(crawl, TWISTED_DNS_RESOLVER=RESOLVER, ALQAHIRA_SITE_URL=site.root)
    assert outcome.cause(site, "/page") == "ok"
    assert {outcome.causes[url] for url in literal} == {"private_address"}
    # A name is refused where it is resolved, and the first to resolve it is the request for its robots.txt.
    assert outcome.causes[by_name] in ("private_address", "robots_unreachable")
    assert "localhost" in outcome.log
    assert internal.seen == []
