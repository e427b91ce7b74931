"""The spiders, one a section of the coverage, over one way of crawling (`section.py`)."""
