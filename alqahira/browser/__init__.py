"""A real browser, for the pages that plain HTTP does not give.

`handler` is what Scrapy downloads with; nothing of Playwright is imported before the first page that needs it.
`session` is the running Chromium, `visit` one page in it, `load_more` one press of a control; `chromium` says which
Chromium and how it is started; `policy` and `fetched_json` are pure. `alqahira.middlewares.browser` decides which page
goes here, by the rule in `alqahira.shell`.
"""
