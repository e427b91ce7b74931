"""Which network addresses a crawler of the public web may talk to. Pure: text in, answer out, no lookup."""

from __future__ import annotations

import re
import socket
import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# Every form that inet_aton takes, and so browsers and resolvers: 127.1, 2130706433, 0x7f.1, 0177.0.0.1.
_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}", re.IGNORECASE | re.ASCII)
# An IPv4 address rides in the last 32 bits: RFC 4291 section 2.5.5.1, RFC 6052 section 2.1.
_IPV4_AT_THE_END = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"))
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215


@lru_cache(maxsize=256)
def literal_address(host: str) -> Address | None:
    """The address that a URL's host is, in whatever form it is written; None where it is a name.

    Full-width digits and the ideographic full stop count too: IDNA maps them to ASCII.
    """
    text = unicodedata.normalize("NFKC", host).replace("。", ".").strip("[]").rstrip(".").partition("%")[0]
    try:
        return ip_address(text)
    except ValueError:
        pass
    if not _NUMERIC_HOST.fullmatch(text):
        return None
    try:
        return IPv4Address(socket.inet_aton(text))
    except OSError:  # 1.2.3.999
        return None


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet's, also where IPv6 carries an IPv4 address."""
    if isinstance(address, IPv6Address):
        return _is_public_v6(address)
    return address.is_global and not address.is_multicast


def _is_public_v6(address: IPv6Address) -> bool:
    if address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    if address.sixtofour:
        return is_public(address.sixtofour)
    if address.teredo:
        return all(is_public(end) for end in address.teredo)
    if any(address in network for network in _IPV4_AT_THE_END):
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and not address.is_site_local and address not in _LOCAL_NAT64
