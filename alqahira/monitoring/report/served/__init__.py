"""The corpus as a small site on loopback: `scrapy report --serve`.

`database` copies the corpus to a SQLite file with a full-text index, `queries` reads it, `differences` compares texts,
`sparklines` draws the monitors' history, `pages` answers a request and `server` listens. docs/report.md says more.
"""
