"""Archives of pages as WARC, and a Spark job over many of them."""
