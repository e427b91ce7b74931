"""URLs of the site: which are articles, and their canonical form. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from alqahira import site

# Query keys that record where a reader came from.
_TRACKING = re.compile(
    r"^(?:utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|twclid|yclid|igshid|mc_[ce]id|_ga|_gl|ref|ref_src|source|"
    r"share|amp|outputtype|s?session_?id|sid|phpsessid|jsessionid|cmpid|ns_.*|at_.*|spm)$",
    re.IGNORECASE,
)
# Names of files that stand for an image until it is loaded, or for none.
_PLACEHOLDER = re.compile(
    r"/(?:blank|clear|dot|empty|gr[ae]y|lazy-?(?:load|img)?|loader|loading|no-?image|pixel|placeholder|spacer|trans"
    r"|transparent|white)(?:[-_]?(?:bg|image|img|\d+(?:x\d+)?))?\.(?:gif|jpe?g|png|svg|webp)$|/1x1\.\w+$",
    re.IGNORECASE,
)
_SAFE_IN_SEGMENT = "~!$&'()*+,;=:@-._"  # RFC 3986: pchar
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Nearly all paths of the site: of Arabic letters and digits without marks, encoded, and of characters that need no
# encoding. They are in their canonical form.
_CANONICAL_PATH = re.compile(
    rf"(?:[\w/{re.escape(_SAFE_IN_SEGMENT)}]++|%D8%(?:A[1-9A-F]|B[0-9A])|%D9%(?:8[1-9A]|A[0-9]))*+", re.ASCII
)
# Absolute already, whatever it is resolved against.
_ABSOLUTE_URL = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?/[\w%/~!$&'()*+,=:@.-]*", re.ASCII)
_WEB = ("http", "https")
_LONGEST_URL = 8_000  # characters; RFC 9110, section 4.1, asks for no more


@lru_cache(maxsize=1024)  # a page's path is encoded at each step of a crawl
def _encode_path(path: str) -> str:
    """The path as NFC text, percent-encoded as UTF-8 with capital hex digits (RFC 3986, section 6.2.2)."""
    if _CANONICAL_PATH.fullmatch(path):
        return path
    try:
        # An encoded separator is not a separator: keep it encoded.
        parts = [unquote(part, errors="strict") for part in _BAD_ESCAPE.sub("%25", path).split("/")]
    except UnicodeDecodeError:  # not UTF-8: the same bytes, in capitals
        return re.sub(r"%[0-9a-f]{2}", lambda m: m[0].upper(), quote(path, safe=_SAFE_IN_SEGMENT + "/%"))
    return "/".join(quote(unicodedata.normalize("NFC", part), safe=_SAFE_IN_SEGMENT) for part in parts)


def canonical_url(url: str, *, base: str | None = None, root: str | None = None) -> str:
    """The canonical form of a URL.

    Without fragment, tracking parameters, default port and user name; the path as percent-encoded UTF-8 (NFC), without
    AMP and locale for an article. `base` resolves a relative link; a URL on the host of `root`, with or without `www.`,
    gets root's scheme and host. Raises ValueError for anything but an http(s) URL.
    """
    if len(url) > _LONGEST_URL:
        raise ValueError(f"longer than a URL: {url[:200]!r}")
    joined = urljoin(base or "", url.strip())
    parts = urlsplit(joined)
    if parts.scheme not in _WEB or not parts.hostname:
        raise ValueError(f"not an http(s) URL: {url[:200]!r}")
    home = root or site.ROOT.value
    origin = home if is_on_site(joined, home) else joined
    path = _encode_path(parts.path or "/")
    if article := site.ARTICLE_PATH.value.match(path):
        path = site.ARTICLE_URL.value.format_map(article.groupdict("")).rstrip("/")
    query = ""
    if parts.query:
        given = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(k)]
        query = urlencode(sorted(given), quote_via=quote)
    return urlunsplit((urlsplit(origin).scheme, _host(origin), path, query, ""))


def path_prefix(template: str) -> str:
    """The beginning of all paths of a template in `alqahira/site.py`: `/tag/` of `/tag/{slug}`."""
    return template.partition("{")[0]


@lru_cache(maxsize=256)  # a page has its image's address in several places
def resolve(link: str, *, base: str) -> str | None:
    """The absolute http(s) URL of a link on a page; None for any other (`javascript:`, `mailto:`, garbage)."""
    if len(link) > _LONGEST_URL:
        return None
    if _ABSOLUTE_URL.fullmatch(link):  # nearly all links of the site's data
        return link
    try:
        url = urljoin(base, link.strip())
        parts = urlsplit(url)
        return url if parts.scheme in _WEB and parts.hostname else None
    except ValueError:
        return None


def image_url(source: str | None, *, base: str) -> str | None:
    """The absolute URL of the original image, without a rendition's size and compression; None for a placeholder.

    Of Next.js' `/_next/image?url=…` it is the inner one.
    """
    url = resolve(source, base=base) if source and source.strip() else None
    if url and urlsplit(url).path == site.NEXT_IMAGE_PATH.value:
        inner = dict(parse_qsl(urlsplit(url).query)).get("url")
        url = resolve(inner, base=base) if inner else None
    path = urlsplit(url).path if url else ""
    if not url or path == site.PLACEHOLDER_IMAGE.value or _PLACEHOLDER.match(path, max(0, path.rfind("/"))):
        return None
    return site.IMAGE_RENDITION.value.sub("", url)


@lru_cache(maxsize=64)  # each link is compared with the site's host
def _host(url: str) -> str:
    """Host in lower case, with its port unless that is the scheme's default."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, 80 if parts.scheme == "http" else 443) else f"{host}:{parts.port}"


def with_root(url: str, root: str) -> str:
    """The same page under another root, for addresses of a ledger whose site has moved."""
    if url.startswith(f"{root}/"):
        return url
    home = urlsplit(root)
    return urlunsplit(urlsplit(url)._replace(scheme=home.scheme, netloc=home.netloc))


def is_on_site(url: str, root: str) -> bool:
    """Whether the URL is on the host of `root`, with or without `www.`, by http or https."""
    if url.startswith(f"{root}/"):  # nearly always
        return True
    try:
        return _host(url).removeprefix("www.") == _host(root).removeprefix("www.")
    except ValueError:
        return False


@lru_cache(maxsize=256)  # a page has its own address in several places
def article_number(url: str) -> str | None:
    """The site's number of an article, without leading zeros; None if the URL has none."""
    if len(url) > _LONGEST_URL:
        return None
    try:
        match = site.ARTICLE_PATH.value.match(_encode_path(urlsplit(url).path))
    except ValueError:  # a page may have any text as an address
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
    """The site's name in the ledger: its host, or `loopback` for a copy on this machine on any port."""
    host = (urlsplit(site_url).hostname or "").removeprefix("www.")
    try:
        return "loopback" if ip_address(host).is_loopback else host
    except ValueError:
        return "loopback" if host == "localhost" else host
