"""Choosing among candidates: pure functions over votes and scores."""
