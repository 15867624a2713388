"""What is right: typed answers, extraction from text, verdicts. No model calls, no eval."""
