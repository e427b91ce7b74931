"""Counts, monitors, metrics, alerts, logs and the report."""
