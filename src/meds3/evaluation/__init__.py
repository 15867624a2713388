"""Measuring: statistics, results, the report."""
