"""An article has one canonical URL."""

import hashlib
from unicodedata import normalize
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.extraction import urls

ROOT = "https://alqaheranews.net"
SLUG = "%D8%A7%D9%84%D8%A3%D9%85%D9%86"  # الأمن, NFC
CANONICAL = f"{ROOT}/news/4821/{SLUG}"


@pytest.mark.parametrize(
    "reached",
    [
        f"/news/4821/{SLUG}",
        "/news/4821/الأمن",
        "/news/4821/%d8%a7%d9%84%d8%a3%d9%85%d9%86",
        "/news/4821/%D8%A7%D9%84%D8%A7%D9%94%D9%85%D9%86",  # hamza as a mark of its own (NFD)
        f"http://alqaheranews.net/news/4821/{SLUG}",
        f"https://www.alqaheranews.net:443/news/4821/{SLUG}/",
        f"{CANONICAL}?utm_source=x&fbclid=y&ref=home",
        f"{CANONICAL}#comments",
        f"{ROOT}/amp/news/4821/{SLUG}",
        f"{CANONICAL}/amp",
        f"{CANONICAL}?amp=1",
        f"  {CANONICAL}\n",
        f"//ALQAHERANEWS.net/news/4821/{SLUG}",
    ],
)
def test_variants_of_an_address_have_one_canonical_url(reached):
    assert urls.canonical_url(reached, base=f"{ROOT}/category/x", root=ROOT) == CANONICAL


@pytest.mark.parametrize(
    "reached",
    [
        f"{ROOT}//news/4821/{SLUG}",  # as og:url of the site has it
        f"{ROOT}/ar/news/4821/{SLUG}",
        f"{ROOT}/en/news/4821/{SLUG}",
        f"{ROOT}/news/4821",
        f"{ROOT}/news/4821/",
        f"{ROOT}/news/4821/{SLUG}/and/more",
        f"{ROOT}/news/4821/-{SLUG}-",
        f"{ROOT}/news/4821/another-slug",
    ],
)
def test_forms_of_an_article_path_have_one_id(reached):
    assert urls.is_article_url(reached, ROOT)
    canonical = urls.canonical_url(reached, root=ROOT)
    assert urls.article_id(canonical) == "4821"
    assert canonical.startswith(f"{ROOT}/news/4821")
    assert urls.canonical_url(canonical, root=ROOT) == canonical


@pytest.mark.parametrize(
    ("source", "image"),
    [
        (
            "https://fmcdn.alqaheranews.net/a-file-1-2?&w=700&compress=80&gravity=face",
            "https://fmcdn.alqaheranews.net/a-file-1-2",
        ),
        ("https://fmcdn.alqaheranews.net/a-file-1-2", "https://fmcdn.alqaheranews.net/a-file-1-2"),
        (
            "/_next/image?url=https%3A%2F%2Ffmcdn.alqaheranews.net%2Fa%3F%26w%3D1&w=750",
            "https://fmcdn.alqaheranews.net/a",
        ),
        ("https://cdn.example.org/a.jpg?v=3&w=700", "https://cdn.example.org/a.jpg?v=3&w=700"),
        ("/assets/imgs/post-default.jpg", None),
        ("", None),
    ],
)
def test_image_url_is_that_of_the_original(source, image):
    assert urls.image_url(source, base=f"{ROOT}/news/1/x") == image


def test_article_id_ignores_slug_and_leading_zeros():
    assert urls.article_id(f"{ROOT}/news/0012/a") == urls.article_id(f"{ROOT}/news/12/b") == "12"


def test_url_without_number_has_hash_as_id():
    digest = hashlib.sha256(b"https://alqaheranews.net/story/x").hexdigest()
    assert urls.article_id(f"{ROOT}/story/x") == f"u{digest[:16]}"


def test_article_number_has_ascii_digits_only():
    assert urls.article_number(f"{ROOT}/news/%32%30/x") == "20"
    assert urls.is_article_url(f"{ROOT}/news/%32%30/x", ROOT)
    assert not urls.is_article_url(f"{ROOT}/news/٢٠/x", ROOT)
    assert not urls.is_article_url(f"{ROOT}/%63ategory/1", ROOT)


def test_query_without_tracking_is_kept():
    assert urls.canonical_url(f"{ROOT}/story?page=2&utm_medium=x&id=7") == f"{ROOT}/story?id=7&page=2"


def test_replica_url_keeps_scheme_host_and_port():
    assert urls.canonical_url("/news/1/a", base="http://127.0.0.1:8000/", root="http://127.0.0.1:8000") == (
        "http://127.0.0.1:8000/news/1/a"
    )


@pytest.mark.parametrize(
    "url",
    [
        f"{ROOT}/category/%D8%A3",
        f"{ROOT}/tag/x",
        f"{ROOT}/author/news/12/x",
        f"{ROOT}/news/page/2",
        f"{ROOT}/page/2",
        f"{ROOT}/news/",
        f"{ROOT}/news/abc/x",
        "https://example.org/news/12/x",
        "https://alqaheranews.net.example.org/news/12/x",
        "https://user@example.org/news/12/x",
        "javascript:void(0)//news/12/x",
        "ftp://alqaheranews.net/news/12/x",
        "https://[bad/news/12/x",
    ],
)
def test_other_url_is_no_article(url):
    assert not urls.is_article_url(url, ROOT)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "mailto:a@b.c", "", "http://", "data:text/html,x"])
def test_non_web_address_is_refused(url):
    with pytest.raises(ValueError, match=r"."):
        urls.canonical_url(url)


@given(st.text(max_size=60), st.text(max_size=20))
def test_canonical_url_is_idempotent(slug, query):
    try:
        once = urls.canonical_url(f"/news/5/{slug}?{query}", base=ROOT, root=ROOT)
    except ValueError:
        return
    assert urls.canonical_url(once, root=ROOT) == once


# Letters with and without marks, encoded, and characters that need no encoding or have it.
PARTS = st.sampled_from([*map(quote, "ءآأؤيـًَّٔ٠٩پé/"), *"aZ09-._~/@%", "آ", "%d8%a7", "%41"])


@given(st.lists(PARTS).map("".join))
def test_path_taken_as_canonical_would_be_encoded_as_it_is(path):
    if urls._CANONICAL_PATH.fullmatch(path):
        assert quote(normalize("NFC", unquote(path, errors="strict")), safe=f"{urls._SAFE_IN_SEGMENT}/") == path


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://alqaheranews.net/news/1", True),
        ("http://www.alqaheranews.net/news/1", True),
        ("https://alqaheranews.net@example.org/news/1", False),
        ("https://alqaheranews.net.example.org/news/1", False),
        ("https://alqaheranews.net:8443/news/1", False),
    ],
)
def test_similar_host_is_not_on_site(url, inside):
    assert urls.is_on_site(url, "https://alqaheranews.net") is inside
