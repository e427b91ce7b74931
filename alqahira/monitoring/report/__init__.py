"""The report: one HTML page on the corpus and the runs, made from the ledger alone.

`collect` reads the ledger, `figures` counts (pure), `plots` declares the plots and `charts` draws them; the page's
structure and prose are in the Jinja2 templates, and `page` renders them. `served/` is the corpus as a site.
docs/report.md explains each figure.
"""
