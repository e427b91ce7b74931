"""scrapy-playwright, for pages that are empty over plain HTTP.

`alqahira.crawling.middlewares.browser` decides which pages are rendered; `handler` starts Playwright at the first one.
`rendering` limits its pages to the site, a time and a size; `load_more` presses a control once.
"""
