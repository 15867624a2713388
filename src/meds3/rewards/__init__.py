"""A chain in, step scores out."""
