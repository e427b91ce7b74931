"""How a run finds its articles: `listings` and `sitemaps` name them, `frontier` decides which are asked for."""
