"""Suites: named sets of benchmarks, what is asked of them, and what may have been learned of it."""
