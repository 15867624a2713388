"""Intervals, paired tests and rankings, each with its source."""
