"""The replica's listings: what is on a page of one, its page data, and its markup on every face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from alqahira.replica import page_data
from alqahira.replica.article import ReplicaArticle
from alqahira.replica.desks import KICKER_NAMES, category_data, printed_category, tag_id
from alqahira.replica.images import rendition
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import CAIRO, ReplicaOptions
from alqahira.replica.printed_dates import print_date
from alqahira.replica.templates import Templates

# Posts stand in rows between blocks of other kinds: the first alone, then up to these.
_ROWS = ((1, 12), (12, 20), (20, 32), (32, None))


@dataclass(frozen=True, slots=True)
class ListingPage:
    """One page of a listing: its articles, how many there are in all, and whether more follow."""

    kind: str
    slug: str
    page: int
    articles: Sequence[ReplicaArticle]
    has_more: bool
    total: int = 0

    @property
    def path(self) -> str:
        return f"/{self.kind}/{quote(self.slug, safe='')}" if self.kind != "home" else "/"

    @property
    def name(self) -> str:
        """As the page prints it, blanks at the edge and all."""
        if self.kind == "category":
            return printed_category(self.slug)
        return KICKER_NAMES.get(self.slug, self.slug) if self.kind == "kicker" else self.slug


class Listings:
    """Finds the pages of listings and renders what stands in their `<main>`."""

    def __init__(self, options: ReplicaOptions, newsroom: Newsroom, templates: Templates) -> None:
        self._options = options
        self._newsroom = newsroom
        self._render = templates

    def page(self, kind: str, slug: str, page: int = 1, *, size: int | None = None) -> ListingPage | None:
        """A page (from 1) of a listing, empty behind the last; None where there is no such listing."""
        numbers = self._newsroom.listing(kind, slug)
        size = size or self._options.page_size
        if numbers is None or page < 1:
            return None
        return ListingPage(
            kind, slug, page, self._articles(numbers[(page - 1) * size : page * size]), len(numbers) > page * size,
            len(numbers),
        )  # fmt: skip

    def find(self, slug: str, page: int, size: int) -> ListingPage | None:
        """A page of the listing with this slug, of whatever kind: what the button asks for."""
        kinds = ("category", "kicker", "tag") if slug else ("home",)
        return next((found for kind in kinds if (found := self.page(kind, slug, page, size=size))), None)

    # --- page data ---

    def props(self, listing: ListingPage) -> dict[str, Any]:
        """`pageProps` of the page."""
        about = self._about(listing)
        carousels = {}
        for name, shown in (("Video", "video"), ("Infographic", "infographic"), ("Album", "album")):
            numbers = self._newsroom.carousel(listing.kind, listing.slug, shown)
            posts = [page_data.carousel_post(a) for a in self._articles(numbers[: page_data.CAROUSEL_SIZE])]
            info = page_data.page_info(len(numbers), page_data.CAROUSEL_SIZE, 1)
            carousels[f"category{name}"] = page_data.listing_data(info, posts, about)
        posts = self.posts(listing)
        info = self.info(listing)
        listed = {"pageInfo": info, "posts": posts, "success": True, listing.kind: about}
        return {listing.kind: listed, "featuredCategory": page_data.featured_category()} | carousels

    def info(self, listing: ListingPage, size: int | None = None) -> dict[str, int]:
        return page_data.page_info(listing.total, size or self._options.page_size, listing.page)

    def posts(self, listing: ListingPage) -> list[dict[str, Any]]:
        return [page_data.listing_post(article, pinned=self._options.pinned) for article in listing.articles]

    def next_value(self, listing: ListingPage) -> dict[str, Any]:
        """What `__NEXT_DATA__` holds."""
        page = f"/{listing.kind}/[slug]" if listing.kind != "home" else "/"
        query = {"slug": listing.slug} if listing.slug else {}
        if listing.page > 1:
            query["page"] = str(listing.page)
        return page_data.next_value(self.props(listing), page, query)

    def _about(self, listing: ListingPage) -> Mapping[str, Any]:
        if listing.kind == "category":
            return category_data(listing.slug)
        name = listing.name
        return {"id": tag_id(listing.slug), "name": name, "description": name, "language": "ar", "slug": listing.slug}

    # --- markup ---

    def main(self, listing: ListingPage, root: str, chrome: Mapping[str, Markup]) -> Markup:
        """What stands between header and footer."""
        cards = [self.card(article, root) for article in listing.articles]
        values: dict[str, Any] = {
            "name": listing.name,
            "cards": cards,
            "hero": cards[0] if cards else "",
            "more": listing.has_more and self._options.paging != "next",
            "next": self.next_address(listing),
        }
        if self._options.classes != "older":
            rows = (cards[start:stop] for start, stop in _ROWS)
            values |= zip(("first", "second", "third", "fourth"), rows, strict=True)
            values |= {
                "featured": self._render("featured.html"),
                "videos": self._videos(listing),
                "infographics": self._carousel(listing, "infographic", "انفوجرافيك", 555, 3, root),
                "albums": self._carousel(listing, "album", "صور", 370, 3, root),
            }
        prefix = {"known": "", "older": "older_", "renamed": "renamed_"}[self._options.classes]
        return self._render(f"{prefix}listing.html", **values, **chrome)

    def next_address(self, listing: ListingPage) -> str | None:
        """Where `rel=next` leads."""
        wanted = self._options.paging == "next" and listing.has_more
        return f"{listing.path}?page={listing.page + 1}" if wanted else None

    def card(self, article: ReplicaArticle, root: str) -> Markup:
        if self._options.classes == "older":
            date = print_date("egyptian", article.listed.astimezone(CAIRO)) if "listing" in article.dates else None
            return self._render("older_card.html", a=article, date=date)
        return self._render(
            "card.html" if self._options.classes == "known" else "renamed_card.html", a=article, root=root
        )

    def _videos(self, listing: ListingPage) -> Markup:
        """The block of videos: one plays, the others are pictures without links."""
        videos = self._shown(listing, "video")
        if not videos:
            return Markup("")
        shown = [
            {"image": rendition(v.image_url or "", "w=240&h=135&compress=80"), "headline": v.headline} for v in videos
        ]
        return self._render("videos.html", videos=shown, frame=Markup(page_data.video_frame(videos[0])))

    def _carousel(self, listing: ListingPage, kind: str, label: str, width: int, before: int, root: str) -> Markup:
        """A slick slider: its slides run backwards and stand there twice and more, as clones."""
        articles = self._shown(listing, kind)
        if not articles:
            return Markup("")
        count = len(articles)
        slides = [
            {
                "index": index,
                "clone": not 0 <= index < count,
                "active": index < 2,
                "current": index == min(1, count - 1),
                "card": self.card(articles[index % count], root),
            }
            for index in range(2 * count - 1, -count, -1)
        ]
        return self._render("carousel.html", slides=slides, width=width, shift=before, label=label)

    def _shown(self, listing: ListingPage, kind: str) -> list[ReplicaArticle]:
        return self._articles(self._newsroom.carousel(listing.kind, listing.slug, kind)[: page_data.CAROUSEL_SIZE])

    def _articles(self, numbers: Sequence[int]) -> list[ReplicaArticle]:
        return [article for number in numbers if (article := self._newsroom.article(number))]
