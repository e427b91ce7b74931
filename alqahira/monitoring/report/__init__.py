"""The report: one HTML page on the corpus and the runs, made from the ledger alone.

`figures` counts (pure), `collect` asks the ledger, `charts` draws, `sections` says in which words and order,
`page` makes the HTML. docs/report.md says what each figure counts.
"""
