"""Rebuilds the corpus by Spark: reads archives or parts, writes records and duplicates (docs/scaling.md).

`reading` turns a file into rows with the crawl's own functions, `job` spreads the work, `command` is `scrapy corpus`.
"""
