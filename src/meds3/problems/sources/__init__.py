"""Where problems come from, one source a file."""
