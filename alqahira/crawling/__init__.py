"""The parts that Scrapy runs: discovery, middlewares, browser, extensions, Scrapyd."""
