"""Scrapy custom commands: `scrapy --help` lists them."""
