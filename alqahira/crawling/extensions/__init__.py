"""Scrapy extensions: what goes on beside the road of an article."""
