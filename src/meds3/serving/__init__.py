"""An OpenAI-compatible API over a reasoner, its page, and a record of every answer."""
