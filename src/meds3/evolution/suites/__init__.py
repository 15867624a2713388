"""Suites asked of a model: the answerer, the run directory, the results."""
