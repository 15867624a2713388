"""How reasoning is written: steps, chains, prompts, chat templates."""
