"""Scrapy extensions: the run, and its progress bar."""
