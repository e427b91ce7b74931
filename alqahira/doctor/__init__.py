"""`scrapy doctor`: which facts of `site.py` still hold on the live site."""
