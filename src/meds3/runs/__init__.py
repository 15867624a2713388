"""What is on disk: the run directory, its manifest, its journal."""
