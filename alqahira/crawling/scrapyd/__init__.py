"""Scrapyd's runner and service, with what they refuse."""
