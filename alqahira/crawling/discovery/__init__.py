"""How a run finds its articles.

`listings` and `sitemaps` name them; `intake` says which of those the run asks for, `others` what becomes of those that
a run beside it is at.
"""
