"""Procedural problems: made by rule, verified by rule, train and test never share one."""
