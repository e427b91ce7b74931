"""How a run finds its articles.

`listings` and `sitemaps` are the doors; `intake` says which of the articles that they name the run takes up, `others`
what becomes of those that a run beside it is at.
"""
