"""scrapy-playwright, for the pages that plain HTTP does not give.

`alqahira.crawling.middlewares.browser` decides which page comes here; `handler` starts Playwright at the first one.
`rendering` holds scrapy-playwright's pages to the site, to their time and to their size; `load_more` presses a control
once.
"""
