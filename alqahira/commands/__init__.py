"""Scrapy custom commands, one file each, as `scrapy --help` lists them; their base is `crawling/command.py`."""
