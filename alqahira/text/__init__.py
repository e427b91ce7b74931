"""Arabic text in, values out: normalization, dates, credits, topics, near-duplicates. Pure."""
