"""Scrapy custom commands: `scrapy --help` lists them. `ending` is how each of them ends for an error."""
