"""Scrapy custom commands, one file each, as `scrapy --help` lists them; their base is `crawling/command.py`."""

from alqahira.crawling.command import check_every_command

check_every_command()
