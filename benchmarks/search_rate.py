"""Generated tokens per second of a run's search, beside the engine's own rate.

    python benchmarks/search_rate.py runs/cpu-demo

The engine's rate comes from one flat batch: the rollout calls of the same search (same prompts,
same number of samples, same limits), all sent at once to a fresh engine. What the search loses
against it is waiting, bookkeeping, and the short calls of its expansions. One JSON line.
Needs `pip install 'meds3[cpu]'` and a run whose round 1 has been searched.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from engine_rate import measure

from meds3.chains.chain import STEP_SEPARATOR
from meds3.chains.examples import example_for
from meds3.chains.prompt import messages
from meds3.chains.template import ChatTemplate
from meds3.engines.forms import servable
from meds3.engines.models import ensure_model
from meds3.evolution.config import RunConfig
from meds3.evolution.outcome import config_of
from meds3.problems.problem import Problem
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.search.store import load_trees


def rollout_calls(run: RunDirectory, config: RunConfig, template: ChatTemplate) -> list[Any]:
    """The rollout calls of round 1, as `engine_rate.measure` takes them."""
    with Journal(run.journal_path, read_only=True) as journal:
        trees = load_trees(journal, 1)
        problems = [Problem.model_validate(body) for body in journal.problems("seed")]
    calls = []
    for problem in problems:
        example = example_for(problem) if config.search.shows_example(1) else None
        prompt = template.render(messages(problem, example))
        tree = trees[problem.id]
        for node in (node for node in tree.nodes if node.rollouts):
            head = f"{STEP_SEPARATOR}Step {node.depth + 1}:"
            calls.append(
                {
                    "prompt": prompt + tree.chain(node).text + head,
                    "n": len(node.rollouts),
                    "max_tokens": config.search.max_rollout_tokens,
                }
            )
    return calls


def search_rate(run: RunDirectory) -> tuple[int, float]:
    """(generated tokens, seconds from the first call's start to the last one's end) of round 1."""
    with Journal(run.journal_path, read_only=True) as journal:
        totals = journal.call_totals()["round-1/search"]
    return int(totals["tokens"]), totals["last"] - totals["first"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run", type=Path)
    parser.add_argument("--calls", type=int, default=80, help="rollout calls in the flat batch")
    given = parser.parse_args()
    run = RunDirectory.existing(given.run)
    config = config_of(run)
    model = ensure_model(config.model)
    calls = rollout_calls(run, config, ChatTemplate.from_model(model))[: given.calls]
    tokens, seconds = search_rate(run)
    flat = asyncio.run(measure(servable(model, config.engine.kind), config.engine, calls))
    rate = tokens / seconds
    report = {
        "search_generated_tokens": tokens,
        "search_seconds": round(seconds, 1),
        "search_tokens_per_s": round(rate, 1),
        "flat_tokens_per_s": flat["generated_tokens_per_s"],
        "ratio": round(rate / flat["generated_tokens_per_s"], 2),
        "flat_batch": flat,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
