"""A small local copy of the site's behaviour, for the demo, the tests and the benchmarks.

`python -m alqahira.replica` serves it on loopback. Without a server, `pages.Pages` renders the same pages,
and every `corpus.ReplicaArticle` knows the truth about itself: the record a crawl must arrive at.
"""
