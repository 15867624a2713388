"""How far a text is from what a model would have said."""

from typing import Any


def worst_choice(model: Any, prompt: list[int], written: list[int]) -> tuple[int, float]:
    """How many of the tokens `written` are `model`'s own greedy ones, from the first on; and how
    much less likely, in nats, the first that is not is than the best."""
    import torch

    with torch.no_grad():
        logits = model(torch.tensor([prompt + written])).logits[0, len(prompt) - 1 : -1]
    scores = logits.log_softmax(-1)
    chosen = scores[torch.arange(len(written)), written]
    gaps = (scores.max(-1).values - chosen).tolist()
    first = next((i for i, gap in enumerate(gaps) if gap > 0), len(gaps))
    return first, gaps[first] if first < len(gaps) else 0.0
