"""Pages kept as WARC, and Spark over many archives."""
