"""Which addresses a crawler of the public web may talk to, in every form they can be written."""

import asyncio
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from scrapy import Request
from scrapy.exceptions import CannotResolveHostError
from scrapy.utils.test import get_crawler

from alqahira.crawling.middlewares.address_guard import (
    AddressGuardMiddleware,
    AllowedAddresses,
    is_public,
    look_up,
)
from alqahira.monitoring.causes import Refused


def addresses_of(host):
    """The addresses that a connection would use; a literal address needs no network."""
    return asyncio.run(look_up(urlsplit(f"http://{host}/").hostname, 80))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "0",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fc00::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "127.0.0.1.",
    ],
)
def test_internal_address_is_recognized_in_every_form(host):
    addresses = addresses_of(host)
    assert addresses
    assert not any(map(is_public, addresses))


@pytest.mark.parametrize("host", ["8.8.8.8", "134744072", "[2001:4860:4860::8888]", "[64:ff9b::808:808]"])
def test_public_addresses_are_public(host):
    addresses = addresses_of(host)
    assert addresses
    assert all(map(is_public, addresses))


def test_host_without_an_address_is_no_error():
    assert addresses_of("x" * 70) == []


def test_name_that_was_refused_has_another_cause_than_one_that_does_not_exist():
    guard = AddressGuardMiddleware(get_crawler(settings_dict={"ALQAHIRA_SITE_URL": "https://news.example"}))
    with pytest.raises(Refused, match="private_address"):
        asyncio.run(guard.process_exception(Request("http://localhost/"), CannotResolveHostError()))
    asyncio.run(guard.process_exception(Request(f"http://{'x' * 70}/"), CannotResolveHostError()))


def test_public_site_may_not_turn_internal_but_an_internal_one_may_stay():
    internal, public = ip_address("10.0.0.1"), ip_address("8.8.8.8")
    rebound, staging = AllowedAddresses("https://news.example"), AllowedAddresses("https://news.example")
    assert rebound.allow("news.example", 443, public)
    assert not rebound.allow("news.example", 443, internal)
    assert staging.allow("news.example", 443, internal)
    assert not staging.allow("news.example", 6379, internal)
