"""URLs of the site: which are articles, and the one form each is known by. Pure functions."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from alqahira import site

# Query keys that say where a reader came from, not which article it is.
_TRACKING = re.compile(
    r"^(?:utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|twclid|yclid|igshid|mc_[ce]id|_ga|_gl|ref|ref_src|source|"
    r"share|amp|outputtype|s?session_?id|sid|phpsessid|jsessionid|cmpid|ns_.*|at_.*|spm)$",
    re.IGNORECASE,
)
_SAFE_IN_SEGMENT = "~!$&'()*+,;=:@-._"  # RFC 3986: pchar
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WEB = ("http", "https")


@lru_cache(maxsize=1024)  # the path of a page is asked for at every step of its way
def _encode_path(path: str) -> str:
    """The path as NFC text, percent-encoded as UTF-8 with capital hex digits (RFC 3986, section 6.2.2)."""
    try:
        # An encoded separator is not a separator: keep it encoded.
        parts = [unquote(part, errors="strict") for part in _BAD_ESCAPE.sub("%25", path).split("/")]
    except UnicodeDecodeError:  # bytes that are no UTF-8 stay as they are, in capitals
        return re.sub(r"%[0-9a-f]{2}", lambda m: m[0].upper(), quote(path, safe=_SAFE_IN_SEGMENT + "/%"))
    return "/".join(quote(unicodedata.normalize("NFC", part), safe=_SAFE_IN_SEGMENT) for part in parts)


def canonical_url(url: str, *, base: str | None = None, root: str | None = None) -> str:
    """The one form of a URL.

    No fragment and no tracking parameters, the path as percent-encoded UTF-8 (NFC), default ports and
    user names dropped; an AMP path folds to the article's own. `base` resolves a relative link; a URL on
    the host of `root` takes root's scheme and host, whatever scheme or `www.` it came with.

    Raises ValueError for what is no http(s) URL.
    """
    joined = urljoin(base or "", url.strip())
    parts = urlsplit(joined)
    if parts.scheme not in _WEB or not parts.hostname:
        raise ValueError(f"not an http(s) URL: {url[:200]!r}")
    home = root or site.ROOT.value
    origin = home if is_on_site(joined, home) else joined
    path = _encode_path(parts.path or "/")
    if article := site.ARTICLE_PATH.value.match(path):
        path = site.ARTICLE_URL.value.format_map(article.groupdict("")).rstrip("/")
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(k)]
    return urlunsplit((urlsplit(origin).scheme, _host(origin), path, urlencode(sorted(query), quote_via=quote), ""))


def beginning(template: str) -> str:
    """What every path of a template of `alqahira/site.py` begins with: `/tag/` of `/tag/{slug}`."""
    return template.partition("{")[0]


@lru_cache(maxsize=256)  # an image has one address in all the places that name it
def resolve(link: str, *, base: str) -> str | None:
    """The absolute http(s) URL of a link on a page; None where it is none (`javascript:`, `mailto:`, garbage)."""
    try:
        url = urljoin(base, link.strip())
        parts = urlsplit(url)
        return url if parts.scheme in _WEB and parts.hostname else None
    except ValueError:
        return None


def image_url(source: str | None, *, base: str) -> str | None:
    """The absolute URL of an image itself; None where there is none.

    It is taken out of Next.js' `/_next/image?url=…`, a rendition's size and compression are cut off, and the site's
    placeholder is none.
    """
    url = resolve(source, base=base) if source and source.strip() else None
    if url and urlsplit(url).path == site.NEXT_IMAGE_PATH.value:
        inner = dict(parse_qsl(urlsplit(url).query)).get("url")
        url = resolve(inner, base=base) if inner else None
    if not url or urlsplit(url).path == site.PLACEHOLDER_IMAGE.value:
        return None
    return site.IMAGE_RENDITION.value.sub("", url)


@lru_cache(maxsize=64)  # the site's own is asked for with each link
def _host(url: str) -> str:
    """Host in lower case with its port, unless that is the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, 80 if parts.scheme == "http" else 443) else f"{host}:{parts.port}"


def with_root(url: str, root: str) -> str:
    """The same page under another root: a ledger's addresses, when its site has moved to another host or port."""
    if url.startswith(f"{root}/"):
        return url
    home = urlsplit(root)
    return urlunsplit(urlsplit(url)._replace(scheme=home.scheme, netloc=home.netloc))


def is_on_site(url: str, root: str) -> bool:
    """Whether the URL stands on the host of `root` (`www.` or not, either scheme)."""
    if url.startswith(f"{root}/"):  # nearly always
        return True
    try:
        return _host(url).removeprefix("www.") == _host(root).removeprefix("www.")
    except ValueError:
        return False


@lru_cache(maxsize=256)  # a page gives its own address in several places
def article_number(url: str) -> str | None:
    """The site's own number of an article, without leading zeros; None where the URL has none."""
    try:
        match = site.ARTICLE_PATH.value.match(_encode_path(urlsplit(url).path))
    except ValueError:  # a page may hold any text in the place of an address
        return None
    return str(int(match["number"])) if match else None


def is_article_url(url: str, root: str) -> bool:
    """Whether the (absolute) URL can be an article of the site."""
    if not is_on_site(url, root) or urlsplit(url).scheme not in _WEB:
        return False
    is_never = site.NEVER_ARTICLE_PATH.value.search(_encode_path(urlsplit(url).path))
    return not is_never and article_number(url) is not None


def article_address(href: str | None, base: str, root: str) -> tuple[str, str] | None:
    """Canonical URL and `article_id` of a link to an article of the site; None for any other."""
    url = resolve(href, base=base) if href else None
    if url is None or not is_article_url(url, root):
        return None
    canonical = canonical_url(url, root=root)
    return canonical, article_id(canonical)


def article_id(canonical: str) -> str:
    """The record's `article_id` of a canonical URL."""
    return article_number(canonical) or "u" + hashlib.sha256(canonical.encode()).hexdigest()[:16]


def site_name(site_url: str) -> str:
    """What the ledger calls the site: its host, or `loopback` for any copy on this machine, whatever its port."""
    host = (urlsplit(site_url).hostname or "").removeprefix("www.")
    try:
        return "loopback" if ip_address(host).is_loopback else host
    except ValueError:
        return "loopback" if host == "localhost" else host
