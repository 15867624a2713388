"""What needs no language model: the answers that a policy has to beat before it has learned."""
