"""Downloader middlewares: politeness towards the site, and guards against what it answers.

One concern a file; `alqahira/monitoring/causes.py` names every refusal. `alqahira/settings/__init__.py` switches them
on, in their order; docs/manners.md says why.
"""
