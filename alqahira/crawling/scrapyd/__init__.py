"""Scrapyd's runner and web service, and the settings that its jobs may bring."""
