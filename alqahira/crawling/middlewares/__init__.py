"""Downloader middlewares: politeness towards the site, and guards against what it answers.

One concern a file; `causes` names every refusal. `alqahira/settings.py` switches them on, with their order and limits;
docs/manners.md says why.
"""
