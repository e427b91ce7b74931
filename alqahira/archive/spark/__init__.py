"""The corpus again at any size, by Spark: archives or parts in, records and duplicates out (docs/scaling.md).

What is done to an article is the crawl's own (`read_page`, `match_topics`, `decisions`); what is here says how it is
spread: `reading` (a piece of a file to rows), `grouping` (which articles decide about each other), `deciding` (the
ledger's order within such a group), `writing` (sealed parts). All four are plain Python; `job` alone knows Spark.
"""
