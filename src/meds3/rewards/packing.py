"""Many chains of one prompt as one sequence: shared steps are computed once.

The prompt and the steps form a trie. Its segments are laid one after another; each token
attends to its own segment up to itself and to the segments above it, and its position counts
along its own branch. So every branch sees what it would see alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meds3.chains.chain import STEP_SEPARATOR, Chain

if TYPE_CHECKING:
    import torch

# Under bfloat16 on a CPU a new length has a dozen kernels compiled for it; rounded up to a multiple
# of this, lengths recur: 1.2 times as many chains a second (docs/benchmarks.md, training_speed).
CPU_BFLOAT16_MULTIPLE = 32

Segments = Sequence[Sequence[int]]  # a chain: the token ids of each segment


@dataclass
class Pack:
    """One packed sequence of L tokens.

    `segment[i]` is the trie segment of token i; `above[s]` the segments whose tokens segment s
    sees, itself included. `spans[s]` is its (first, past-last) index. `chains[j]` is the place
    of the j-th chain in the caller's list and `paths[j]` its segments in order.
    """

    input_ids: list[int] = field(default_factory=list)
    position_ids: list[int] = field(default_factory=list)
    segment: list[int] = field(default_factory=list)
    above: list[tuple[int, ...]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    chains: list[int] = field(default_factory=list)
    paths: list[tuple[int, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def longest_branch(self) -> int:
        """Tokens of the prompt with its longest chain."""
        return max(self.position_ids) + 1

    def last_token(self, segment: int) -> int:
        """The index of a segment's last token."""
        return self.spans[segment][1] - 1

    def add_segment(self, parent: int | None, ids: Sequence[int]) -> int:
        """Append a segment below `parent`; its number."""
        number, start = len(self.spans), len(self.input_ids)
        first = 0 if parent is None else self.position_ids[self.last_token(parent)] + 1
        self.input_ids += ids
        self.position_ids += range(first, first + len(ids))
        self.segment += [number] * len(ids)
        self.above.append((*(self.above[parent] if parent is not None else ()), number))
        self.spans.append((start, start + len(ids)))
        return number


def pack_chains(prompt: Sequence[int], chains: Sequence[Segments], max_tokens: int) -> list[Pack]:
    """Packs that together hold every chain, in order, each pack with the prompt as segment 0.

    A chain that would make its pack longer than `max_tokens` opens the next one; a chain that
    is longer by itself gets a pack of its own. Raises `ValueError` for an empty segment.
    """
    packs: list[Pack] = []
    trie: dict[tuple[tuple[int, ...], ...], int] = {}
    for place, chain in enumerate(chains):
        keys = tuple(tuple(segment) for segment in chain)
        if not prompt or not all(keys):
            raise ValueError("the prompt and every segment need at least one token")
        new = sum(len(keys[i]) for i in range(len(keys)) if keys[: i + 1] not in trie)
        if not packs or (packs[-1].chains and len(packs[-1]) + new > max_tokens):
            packs.append(Pack())
            trie = {(): packs[-1].add_segment(None, prompt)}
        pack = packs[-1]
        for i in range(len(keys)):
            if keys[: i + 1] not in trie:
                trie[keys[: i + 1]] = pack.add_segment(trie[keys[:i]], keys[i])
        pack.chains.append(place)
        pack.paths.append(tuple(trie[keys[: i + 1]] for i in range(len(keys))))
    return packs


def join_packs(packs: Sequence[Pack]) -> Pack:
    """The packs one after another in one sequence; none sees another.

    Tokens and segments of a pack are numbered on from those of the packs before it; `chains` stay
    as they are, each the place in its own pack's list.
    """
    joined = Pack()
    for pack in packs:
        tokens, segments = len(joined), len(joined.spans)
        joined.input_ids += pack.input_ids
        joined.position_ids += pack.position_ids
        joined.segment += [segments + number for number in pack.segment]
        joined.above += [tuple(segments + number for number in above) for above in pack.above]
        joined.spans += [(tokens + first, tokens + end) for first, end in pack.spans]
        joined.chains += pack.chains
        joined.paths += [tuple(segments + number for number in path) for path in pack.paths]
    return joined


def attention_mask(pack: Pack) -> torch.Tensor:
    """Boolean mask [1, 1, L, L]: True where the row's token sees the column's."""
    import torch

    segment = torch.tensor(pack.segment)
    sees = torch.zeros(len(pack.above), len(pack.above), dtype=torch.bool)
    for number, above in enumerate(pack.above):
        sees[number, list(above)] = True
    # A token sees whole segments above its own; within its own, and only there, order matters.
    # Segments above always lie before it, so one causal triangle serves for both.
    mask = sees[segment][:, segment].tril()
    return mask[None, None]


def model_inputs(pack: Pack, device: Any = None) -> dict[str, torch.Tensor]:
    """What a transformers base model takes: `input_ids`, `position_ids` [1, L], the mask.

    A pack that does not branch needs no mask: the model's own is right, with its windows. Where
    the CPU computes in bfloat16, L is rounded up by tokens at the end that no other one sees.
    """
    import torch

    multiple = CPU_BFLOAT16_MULTIPLE if torch.is_autocast_enabled("cpu") else 1
    unseen = -len(pack) % multiple
    last = pack.position_ids[-1]
    positions = [*pack.position_ids, *range(last + 1, last + 1 + unseen)]
    inputs = {
        "input_ids": torch.tensor([pack.input_ids + [0] * unseen], device=device),
        "position_ids": torch.tensor([positions], device=device),
    }
    if len(pack.above[-1]) < len(pack.above):
        mask = torch.nn.functional.pad(attention_mask(pack), (0, unseen, 0, unseen))
        mask[0, 0].fill_diagonal_(True)  # one that saw nothing, not even itself, would be NaN
        inputs["attention_mask"] = mask.to(device)
    return inputs


def attention_window(config: Any) -> int | None:
    """How many tokens back some layers of a model see; None when all see everything.

    The tree mask knows no windows: it suits such a model as long as no chain is longer.
    """
    text = config.get_text_config()
    kinds = getattr(text, "layer_types", None)
    windows = {
        "sliding_attention": getattr(text, "sliding_window", None),
        "chunked_attention": getattr(text, "attention_chunk_size", None),
    }
    if kinds is None:
        used = getattr(text, "use_sliding_window", True)
        return windows["sliding_attention"] if used else None
    return min((windows[kind] or 0 for kind in kinds if kind in windows), default=None)


def tokenize_prompt(tokenizer: Any, prompt: str) -> list[int]:
    """Token ids of a rendered prompt; nothing is added to it."""
    return list(tokenizer(prompt, add_special_tokens=False)["input_ids"])


def tokenize_steps(tokenizer: Any, chain: Chain) -> list[list[int]]:
    """Token ids of each step from Step 0 on.

    Every step but the first brings the separator before it, and each is tokenised by itself:
    its tokens, and so its score, do not depend on what follows.
    """
    texts = [(STEP_SEPARATOR if i else "") + str(step) for i, step in enumerate(chain.steps)]
    return [list(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
