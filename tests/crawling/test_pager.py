"""The next page of a listing: each method's request, and whether an answer is the page that was requested."""

from __future__ import annotations

import pytest

from alqahira.crawling.discovery.pager import Pager, PagingMethod, page_request
from alqahira.extraction.listing import Card, Listing, PageInfo
from alqahira.extraction.load_more import LearnedRequest

ROOT = "https://alqaheranews.net"
URL = f"{ROOT}/category/%D8%AD%D9%88%D9%84-%D8%A7%D9%84%D8%B9%D8%A7%D9%84%D9%85"
LEARNED = LearnedRequest(
    method="POST",
    url=f"{ROOT}/api/posts",
    headers=(("Content-Type", "application/json"),),
    body='{"categoryId":{id},"page":{page}}',
    listing_id=34,
    slug="أخبار",
)


def listing(*keys: int, page: int | None = None, pages: int | None = None) -> Listing:
    cards = [Card(f"{ROOT}/news/{key}", str(key)) for key in keys]
    return Listing(cards=cards, info=PageInfo(page, pages, None), build="b1", locale="en", number=35)


def pager(**first) -> Pager:
    return Pager(URL, first=listing(9, 8, 7, **first))


@pytest.mark.parametrize(
    ("method", "url"),
    [
        (PagingMethod.QUERY, f"{URL}?page=3"),
        (
            PagingMethod.NEXT_DATA,
            f"{ROOT}/_next/data/b1/en{URL.removeprefix(ROOT)}.json?slug={URL.rpartition('/')[2]}&page=3",
        ),
    ],
)
def test_plain_method_is_an_address(method, url):
    request = page_request(pager(), method, 3, root=ROOT, learned=None)
    assert request is not None
    assert (request.method, request.url, request.body) == ("GET", url, b"")


def test_learned_request_serves_another_listing():
    learned = LearnedRequest.from_json(LEARNED.to_json())
    request = page_request(pager(), PagingMethod.LEARNED, 3, root=ROOT, learned=learned)
    assert request is not None
    assert (request.method, request.body) == ("POST", b'{"categoryId":35,"page":3}')


def test_method_that_a_listing_lacks_gives_no_request():
    unbuilt = Pager(URL, first=Listing(cards=listing(1).cards))
    assert page_request(unbuilt, PagingMethod.NEXT_DATA, 2, root=ROOT, learned=None) is None
    assert page_request(unbuilt, PagingMethod.LEARNED, 2, root=ROOT, learned=None) is None


@pytest.mark.parametrize(
    ("answer", "is_page"),
    [
        (listing(6, 5, page=2), True),
        (listing(7, 6, page=2), True),  # something was published between the two requests
        (listing(9, 8, 7, page=1), False),  # the first page again
        (listing(9, 8, 7, page=2), False),  # numbered 2, but the first page again
        (listing(6, 5, page=3), False),
        (listing(6, 5, page=1), True),  # the number is always 1
        (listing(6, 5), True),  # no number, and other articles
        (listing(9, 8, 7), False),
        (listing(8, 7), False),
        (listing(), False),
    ],
)
def test_answer_is_judged_by_its_number_and_its_articles(answer, is_page):
    assert pager(page=1, pages=9).is_page(answer, 2) is is_page


def test_pages_may_be_counted_from_0():
    assert pager(page=0, pages=9).is_page(listing(6, 5, page=1), 2)
    assert not pager(page=0, pages=9).is_page(listing(9, 8, 7, page=0), 2)


def test_data_that_states_no_end_may_have_more():
    assert Listing(cards=listing(1).cards, is_data=True).has_more is None


def test_method_that_worked_elsewhere_is_tried_first():
    one = pager()
    tried = [one.next_method(PagingMethod.LEARNED) for _ in range(4)]
    assert tried == [PagingMethod.LEARNED, PagingMethod.QUERY, PagingMethod.NEXT_DATA, None]


@pytest.mark.parametrize(
    ("first", "more"),
    [(listing(1, page=1, pages=2), True), (listing(1, page=2, pages=2), False), (listing(1), False)],
)
def test_listing_has_more_where_its_page_data_says_so(first, more):
    assert first.has_more is more
