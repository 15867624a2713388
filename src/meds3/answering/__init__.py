"""A question in, scored candidates out."""
