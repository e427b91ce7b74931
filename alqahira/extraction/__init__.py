"""From a page to an article, a listing or a sitemap. Pure."""
