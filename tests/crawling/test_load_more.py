"""The request behind a load-more control: which one is learned, and its form for other pages and listings."""

import json
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alqahira import site
from alqahira.extraction.load_more import LearnedRequest, SeenRequest

ROOT = "https://alqaheranews.net"
SLUG, OTHER = "أخبار", "الشرق-الأوسط"


def get(path, **more):
    return SeenRequest("GET", ROOT + path, **{"headers": {"accept": "*/*"}, "articles": 40, **more})


def post(path, body, **more):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    headers = {"content-type": "application/json"}
    return SeenRequest("POST", ROOT + path, **{"headers": headers, "body": text, "articles": 40, **more})


def learn(*candidates, slug=SLUG, **more):
    return LearnedRequest.learn(candidates, slug=slug, **more)


# --- which request, and where its page number is -----------------------------------------------

Q = quote(SLUG)


@pytest.mark.parametrize(
    ("path", "third"),
    [
        (f"/api/posts?slug={Q}&page=2&limit=40", f"/api/posts?slug={Q}&page=3&limit=40"),
        ("/api/posts?p=2", "/api/posts?p=3"),
        ("/api/posts?pageNumber=2&pageSize=2", "/api/posts?pageNumber=3&pageSize=2"),
        ("/api/posts?page_no=2&per_page=40", "/api/posts?page_no=3&per_page=40"),
        ("/api/posts?filter%5BcurrentPage%5D=2", "/api/posts?filter%5BcurrentPage%5D=3"),
        ("/api/posts?page%5Bnumber%5D=2", "/api/posts?page%5Bnumber%5D=3"),
        ("/api/posts?page=2&p=2", "/api/posts?page=3&p=3"),
        (f"/_next/data/b-1/category/{Q}.json?slug={Q}&page=2", f"/_next/data/b-1/category/{Q}.json?slug={Q}&page=3"),
        # Counted from 0.
        ("/api/posts?page=1", "/api/posts?page=2"),
        ("/api/posts?pageIndex=1&limit=40", "/api/posts?pageIndex=2&limit=40"),
        # By articles instead of pages.
        ("/api/posts?offset=40&limit=40", "/api/posts?offset=80&limit=40"),
        ("/api/posts?skip=40&take=40", "/api/posts?skip=80&take=40"),
        ("/api/posts?from=40", "/api/posts?from=80"),
        # In the path.
        (f"/api/{Q}/page/2", f"/api/{Q}/page/3"),
        (f"/api/posts/{Q}/p/2/40", f"/api/posts/{Q}/p/3/40"),
        (f"/api/posts/{Q}/2", f"/api/posts/{Q}/3"),
        # The rest stays the same, byte for byte.
        ("/a//b;c/?x&y=&z=%d8%a3+b&page=2", "/a//b;c/?x&y=&z=%d8%a3+b&page=3"),
    ],
)
def test_page_number_in_the_address_is_learned(path, third):
    learned = learn(get(path))
    assert learned.for_page(2)[:2] == ("GET", ROOT + path)
    assert learned.for_page(3)[:2] == ("GET", ROOT + third)


@pytest.mark.parametrize(
    ("body", "third"),
    [
        ({"categorySlug": SLUG, "page": 2, "pageSize": 40}, {"categorySlug": SLUG, "page": 3, "pageSize": 40}),
        ({"page": "2"}, {"page": "3"}),
        ({"variables": {"page": 2}, "query": "{ posts }"}, {"variables": {"page": 3}, "query": "{ posts }"}),
        ([{"input": {"skip": 40, "take": 40}}], [{"input": {"skip": 80, "take": 40}}]),
        ({"page": 1, "final": True, "of": 1.5}, {"page": 2, "final": True, "of": 1.5}),
    ],
)
def test_page_number_in_a_json_body_is_learned(body, third):
    seen = post("/api/search", body)
    learned = learn(seen)
    assert json.loads(learned.for_page(3)[3]) == third
    assert learned.for_page(2) == ("POST", f"{ROOT}/api/search", {"content-type": "application/json"}, seen.body)


def test_page_number_in_a_form_is_learned():
    learned = learn(post("/api/search", f"action=more&cat={Q}&page=2"))
    assert learned.for_page(3)[3] == f"action=more&cat={Q}&page=3"


@pytest.mark.parametrize(
    "candidate",
    [
        get("/api/posts?cursor=abc&limit=2"),
        get("/api/posts?page=7"),
        get("/api/posts?page="),
        get("/api/2/posts"),
        get("/api/category/2", articles=0),
        get("/api/posts?page=2", articles=0),
        SeenRequest("PUT", f"{ROOT}/?page=2", {}, None, 40),
        post("/api/search", "--x\r\nContent-Disposition: form-data; name=page\r\n\r\n2\r\n--x--"),
        post("/api/search", {"page": True, "offset": 0}),
        get("/api/posts?page=2&x=" + "x" * 20_000),
        get("/api/posts?from=1754000000"),
        get("/api/posts?page=2&x={page}"),
    ],
)
def test_nothing_is_learned(candidate):
    assert learn(candidate) is None


def test_listing_number_at_the_end_of_the_path_is_no_page():
    assert learn(get("/api/category/2"), listing_id=2) is None
    assert learn(get("/api/category/2"), listing_id=34)


def test_request_with_a_page_and_the_most_articles_is_learned():
    films, posts = get("/api/videos?page=2", articles=4), get(f"/api/posts?slug={Q}&page=2")
    everything = get("/api/all", articles=90)
    assert learn(get("/api/views", articles=0), films, everything, posts).for_page(2)[1] == posts.url


def test_headers_of_the_pages_script_are_kept_and_the_browsers_own_are_not():
    headers = {
        "accept": "application/json", "content-type": "application/json", "x-api-key": "k", "lang": "ar",
        "cookie": "a=b", "host": "x", "user-agent": "Chromium", "referer": ROOT, "origin": ROOT, "sec-ch-ua": "x",
        "sec-fetch-mode": "cors", "accept-language": "ar", "accept-encoding": "br", "content-length": "3",
    }  # fmt: skip
    kept = learn(get("/api/posts?page=2", headers=headers)).for_page(2)[2]
    assert kept == {key: headers[key] for key in ("accept", "content-type", "x-api-key", "lang")}


# --- other listings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (f"/api/posts?slug={Q}&page=2", f"/api/posts?slug={quote(OTHER)}&page=5"),
        (f"/api/posts?slug={Q.lower()}&page=2", f"/api/posts?slug={quote(OTHER)}&page=5"),
        (f"/api/posts?path=%2Fcategory%2F{Q}%2F&p=2", f"/api/posts?path=%2Fcategory%2F{quote(OTHER)}%2F&p=5"),
        (f"/api/category/{Q}/page/2", f"/api/category/{quote(OTHER)}/page/5"),
        (
            f"/_next/data/b/en/category/{Q}.json?slug={Q}&page=2",
            f"/_next/data/b/en/category/{quote(OTHER)}.json?slug={quote(OTHER)}&page=5",
        ),
    ],
)
def test_slug_in_the_address_is_replaced(path, other):
    learned = learn(get(path))
    assert learned.serves(OTHER)
    assert learned.for_page(5, listing_slug=OTHER)[1] == ROOT + other
    assert learned.for_page(5, listing_slug=SLUG)[1] == learned.for_page(5)[1]


def test_slug_in_a_body_is_replaced():
    learned = learn(post("/api/search", {"where": {"slug": SLUG, "name": f"{SLUG}-الخليج"}, "page": 2}))
    body = json.loads(learned.for_page(1, listing_slug=OTHER)[3])
    assert body == {"where": {"slug": OTHER, "name": f"{SLUG}-الخليج"}, "page": 1}  # a longer word is another


def test_number_is_replaced_where_it_names_the_listing():
    learned = learn(get("/api/posts?categoryId=34&limit=34&page=2"), listing_id=34)
    assert not learned.serves(OTHER)
    assert learned.serves(OTHER, 15)
    assert (
        learned.for_page(3, listing_slug=OTHER, listing_id=15)[1] == f"{ROOT}/api/posts?categoryId=15&limit=34&page=3"
    )
    body = learn(post("/api/search", {"categories": [34], "page": 2}), listing_id=34)
    assert json.loads(body.for_page(3, listing_id=15)[3]) == {"categories": [15], "page": 3}
    path = learn(get("/api/category/34/posts?page=2"), listing_id=34)
    assert path.for_page(1, listing_slug=OTHER, listing_id=15)[1] == f"{ROOT}/api/category/15/posts?page=1"


def test_listing_number_equal_to_the_page_number_is_replaced():
    learned = learn(get("/api/posts?category=2&page=2"), listing_id=2)
    assert learned.for_page(7, listing_id=15)[1] == f"{ROOT}/api/posts?category=15&page=7"


def test_request_without_a_listing_serves_only_its_own():
    learned = learn(get("/api/latest?page=2"), listing_id=34)
    assert learned.serves(SLUG)
    assert learned.serves(SLUG, 34)
    assert not learned.serves(OTHER, 15)
    with pytest.raises(ValueError, match="cannot request the listing"):
        learned.for_page(2, listing_slug=OTHER)


def test_no_page_below_the_first():
    with pytest.raises(ValueError, match="no page 0"):
        learn(get("/api/latest?page=2")).for_page(0)


words = st.text(st.characters(categories=("L", "N"), include_characters="-"), min_size=1, max_size=12).filter(
    lambda text: not text.isdecimal()
)


@given(slug=words, other=words, n=st.integers(1, 10**6), size=st.integers(2, 100))
def test_any_slug_and_page_arrive(slug, other, n, size):
    assume(slug != other)
    # The request's own words are no slugs here.
    assume(not {slug, other} & {"api", "posts", "search"})
    address = learn(get(f"/api/posts?slug={quote(slug)}&offset={size}&q=%D8"), slug=slug)
    url = address.for_page(n, listing_slug=other)[1]
    assert parse_qsl(urlsplit(url).query)[:2] == [("slug", other), ("offset", str((n - 1) * size))]
    body = learn(post("/api/search", {"slug": slug, "page": 2}), slug=slug)
    sent = json.loads(body.for_page(n, listing_slug=other)[3])
    assert (sent["slug"], sent["page"]) == (other, n)


# --- keeping it --------------------------------------------------------------------------------


@given(page=st.sampled_from(["page", "p", "pageNo"]), slug=words, listing_id=st.none() | st.integers(3, 10**9))
def test_learned_request_survives_json(page, slug, listing_id):
    for candidate in (
        get(f"/api/posts?slug={quote(slug)}&categoryId={listing_id}&{page}=2"),
        post("/api/search", {"slug": slug, "id": listing_id, page: 2}),
    ):
        learned = learn(candidate, slug=slug, listing_id=listing_id)
        again = LearnedRequest.from_json(learned.to_json())
        assert again == learned
        assert again.for_page(3, listing_slug="x", listing_id=9) == learned.for_page(3, listing_slug="x", listing_id=9)


GOOD = json.loads(learn(get("/api/posts?page=2")).to_json())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps(GOOD | {"more": 1}),
        *(json.dumps({key: value for key, value in GOOD.items() if key != name}) for name in ("url", "headers")),
        *(json.dumps(GOOD | {name: None}) for name in ("method", "url", "headers", "first", "step")),
        json.dumps(GOOD | {"method": "DELETE"}),
        json.dumps(GOOD | {"url": "file:///etc/passwd?page={page}"}),
        json.dumps(GOOD | {"url": "http://[/?page={page}"}),
        json.dumps(GOOD | {"url": f"{ROOT}/api/posts?page=2"}),
        json.dumps(GOOD | {"headers": [["a", 1]]}),
        json.dumps(GOOD | {"headers": [["a"]]}),
        json.dumps(GOOD | {"body": 3}),
        json.dumps(GOOD | {"slug": 3}),
        json.dumps(GOOD | {"step": 0}),
        json.dumps(GOOD | {"step": True}),
        json.dumps(GOOD | {"listing_id": "34"}),
    ],
)
def test_invalid_learned_request_is_refused(text):
    with pytest.raises(ValueError, match="no learned request"):
        LearnedRequest.from_json(text)


@given(
    st.text() | st.dictionaries(st.sampled_from(sorted(GOOD)), st.none() | st.text() | st.integers()).map(json.dumps)
)
def test_no_text_gives_another_error(text):
    with pytest.raises(ValueError, match="no learned request"):
        LearnedRequest.from_json(text)


def test_request_learned_on_one_category_serves_all():
    learned = learn(get(f"/api/posts?slug={Q}&page=2&limit=40"))
    for slug in site.CATEGORIES.value:
        _, url, _, _ = learned.for_page(9, listing_slug=slug)
        assert dict(parse_qsl(urlsplit(url).query)) == {"slug": slug, "page": "9", "limit": "40"}
