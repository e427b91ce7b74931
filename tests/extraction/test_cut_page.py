"""Pages that end within an element."""

import pytest

from alqahira.extraction.cut_page import is_cut

PAGE = b"<html><body><main><h1>x</h1><div><article><p>y</p></article></div></main><script>z</script></body></html>"


@pytest.mark.parametrize("end", [b"<h1>", b"<article>", b"<p>y", b"</article>", b"</div>", b"<script>z", b"</scr"])
def test_page_that_ends_within_an_element_is_cut(end):
    assert is_cut(PAGE[: PAGE.index(end) + len(end)])


@pytest.mark.parametrize(
    "page",
    [
        PAGE,
        PAGE.upper(),
        PAGE.removesuffix(b"</html>"),
        PAGE.removesuffix(b"</body></html>"),  # both tags may be left out
        PAGE.replace(b"</div>", b""),  # wrong, but at its end
        b"<p>no page at all",
        b"",
    ],
)
def test_page_that_came_to_its_end_is_not(page):
    assert not is_cut(page)
