"""Downloader middlewares: politeness towards the site, and guards against its answers (docs/manners.md).

`alqahira/monitoring/causes.py` names every refusal; `alqahira/settings/__init__.py` sets their order.
"""
