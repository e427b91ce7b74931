"""The spiders: one for each section of the coverage, with their base in `alqahira/crawling/section.py`."""
