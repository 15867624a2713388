"""vLLM as a server of ours: installed into an environment of its own, started, watched, stopped."""
