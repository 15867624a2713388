"""What is asked: `Problem`, its sources and the procedural gym."""
