"""How a run finds its articles: `listings` and `sitemaps` name them, `article_queue` decides which are requested."""
