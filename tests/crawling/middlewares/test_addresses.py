"""Which addresses a crawler of the public web may talk to, in every form they can be written."""

import pytest

from alqahira.crawling.middlewares.addresses import is_public, literal_address


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
def test_internal_addresses_are_known_in_every_form(host):
    address = literal_address(host)
    assert address is not None
    assert not is_public(address)


@pytest.mark.parametrize("host", ["8.8.8.8", "134744072", "[2001:4860:4860::8888]", "[64:ff9b::808:808]"])
def test_public_addresses_are_public(host):
    address = literal_address(host)
    assert address is not None
    assert is_public(address)


@pytest.mark.parametrize("host", ["alqaheranews.net", "localhost", "1.2.3.4.example.org", "0xyz", "1.2.3.999", ""])
def test_a_name_is_no_address(host):
    assert literal_address(host) is None
