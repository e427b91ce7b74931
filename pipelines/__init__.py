"""The road of an article, one step a file, in the order of ITEM_PIPELINES in `alqahira/settings.py`."""
