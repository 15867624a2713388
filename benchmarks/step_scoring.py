"""Step scores per second: all chains of a question in one pass against one chain at a time.

    python benchmarks/step_scoring.py runs/cpu-real/eval/round-1.jsonl runs/cpu-real/round-1/prm

Real chains with their prompts, the `--questions` of kept candidates in turn, scored twice in one
process and in alternation: by `TorchStepScorer`, and as one would without it: each chain with its
prompt as a sequence of its own, every token through the head. Quoted is the ratio of the medians
over `--repeats` rounds; the scores must agree to 1e-3. Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

from meds3.chains.chain import Chain, chain_of
from meds3.evaluation.outcome import load_evaluation
from meds3.rewards.packing import tokenize_prompt, tokenize_steps
from meds3.rewards.prm_model import load_prm
from meds3.rewards.torch_scorer import TorchStepScorer

Work = list[tuple[str, list[Chain]]]  # a prompt and its chains
Scores = list[list[list[float]]]


def work_of(path: Path, questions: int) -> Work:
    """The first `questions` of an evaluation with their sampled chains that have steps."""
    return [
        (o.scoring_prompt, [chain_of(*row.steps) for row in o.samples if row.steps])
        for o in load_evaluation(path).outcomes[:questions]
    ]


async def ours(scorer: TorchStepScorer, work: Work) -> Scores:
    return [await scorer.score(prompt, chains) for prompt, chains in work]


def alone(model: Any, tokenizer: Any, work: Work) -> Scores:
    """One full sequence at a time, logits over all of its tokens."""
    import torch

    found = []
    with torch.inference_mode():
        for prompt, chains in work:
            ids = tokenize_prompt(tokenizer, prompt)
            rows = []
            for chain in chains:
                sequence, ends = list(ids), []
                for step in tokenize_steps(tokenizer, chain):
                    sequence += step
                    ends.append(len(sequence) - 1)
                logits = model(torch.tensor([sequence])).logits[0, :, 0]
                rows.append(logits.sigmoid()[ends[1:]].tolist())
            found.append(rows)
    return found


def largest_difference(a: Scores, b: Scores) -> float:
    return max(
        abs(x - y)
        for chains in zip(a, b, strict=True)
        for steps in zip(*chains, strict=True)
        for x, y in zip(*steps, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("candidates", type=Path)
    parser.add_argument("prm", type=Path)
    parser.add_argument("--questions", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    work = work_of(given.candidates, given.questions)
    chains = sum(len(chains) for _, chains in work)
    scorer, (model, tokenizer) = TorchStepScorer(given.prm), load_prm(given.prm)
    seconds: dict[str, list[float]] = {"ours": [], "alone": []}
    asyncio.run(ours(scorer, work[:1]))
    alone(model, tokenizer, work[:1])
    for _ in range(given.repeats):
        began = time.perf_counter()
        packed = asyncio.run(ours(scorer, work))
        halfway = time.perf_counter()
        single = alone(model, tokenizer, work)
        seconds["ours"].append(halfway - began)
        seconds["alone"].append(time.perf_counter() - halfway)
    rates = {name: chains / median(times) for name, times in seconds.items()}
    ratios = [b / a for a, b in zip(seconds["ours"], seconds["alone"], strict=True)]
    told = {
        "benchmark": "step_scoring",
        "questions": len(work),
        "chains": chains,
        "chains_per_second": {name: round(rate, 2) for name, rate in rates.items()},
        "ratio": round(median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "largest_difference": largest_difference(packed, single),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
