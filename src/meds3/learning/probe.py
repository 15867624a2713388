"""A head fitted on the policy's own hidden states, before any adapter trains.

A new head drives large, random gradients through the body and spoils features that a small
data set cannot buy back. Fitting the head alone first avoids it (Kumar et al. 2022, "Fine-Tuning
can Distort Pretrained Features", arXiv 2202.10054).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from meds3.learning.processes import say

if TYPE_CHECKING:
    import torch

    from meds3.learning.prm_items import PrmItem

_ITERATIONS = 200  # of L-BFGS; a convex problem of one weight per hidden unit needs a few dozen


def fit_head(
    model: Any, items: list[PrmItem], l2: float, together: int = 1, bfloat16: bool = False
) -> None:
    """Set `model`'s head to the logistic regression of the labels on the frozen hidden states.

    Minimises the mean cross-entropy + l2/2·|w|², with w the weights over standardised hidden
    units. One forward pass over `items`, `together` of them at once, its products in `bfloat16`
    as those of the training; takes the labels and weights that the training takes.
    """
    import torch

    from meds3.learning.prm_items import join_prm_items
    from meds3.rewards.prm_model import head_of, segment_states

    began, tokens, found = time.monotonic(), 0, []
    if torch.cuda.is_available():
        model.cuda()
    device = next(model.parameters()).device.type
    for first in range(0, len(items), together):
        item = join_prm_items(items[first : first + together])
        with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            found.append(segment_states(model, item.pack, item.segments).float().cpu())
        tokens += len(item.pack)
        number = min(first + together, len(items))
        line = {"step": number, "steps": len(items), "loss": None, "tokens": tokens}
        say(json.dumps(line | {"seconds": round(time.monotonic() - began, 2)}))
    states = torch.cat(found)
    labels = torch.tensor([label for item in items for label in item.labels])
    shares = torch.tensor([weight for item in items for weight in item.weights])
    shares = shares / shares.sum()
    mean = shares @ states
    deviation = (shares @ (states - mean).square()).sqrt().clamp_min(1e-6)
    weight, bias, loss = _logistic((states - mean) / deviation, labels, shares, l2)
    head = head_of(model)
    with torch.no_grad():
        head.weight.copy_((weight / deviation)[None])
        head.bias.copy_(bias - (weight * mean / deviation).sum())
    say(f"head fitted on {len(labels)} labelled steps, loss {loss}")


def _logistic(
    x: torch.Tensor, labels: torch.Tensor, shares: torch.Tensor, l2: float
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Weights [hidden], bias and mean cross-entropy of `labels` [n] on `x` [n, hidden], each
    row counted by its part of `shares` [n], which sum to 1."""
    import torch

    weight = torch.zeros(x.shape[1], requires_grad=True)
    bias = (labels * shares).sum().clamp(0.01, 0.99).logit().requires_grad_()
    solver = torch.optim.LBFGS([weight, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def entropy() -> torch.Tensor:
        return torch.nn.functional.binary_cross_entropy_with_logits(
            x @ weight + bias, labels, shares, reduction="sum"
        )

    def closure() -> torch.Tensor:
        solver.zero_grad()
        loss = entropy() + l2 / 2 * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return weight.detach(), bias.detach(), round(float(entropy()), 5)
