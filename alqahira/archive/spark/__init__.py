"""The corpus again at any size, by Spark: archives or parts in, records and duplicates out (docs/scaling.md).

`reading` turns a file into rows with the crawl's own functions; `job` spreads the work, and has ledgers decide about
the articles; `command` is what `scrapy corpus` does.
"""
