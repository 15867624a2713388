"""Chains from one PRM-guided tree against independent samples, at equal tokens.

    meds3 evaluate configs/cpu-real.yaml -n 16
    python benchmarks/tree_answers.py runs/cpu-real --candidates runs/cpu-real/eval/r-n16.jsonl

Asks the first `--questions` held-out questions (drawn by digest) of a finished run with its kept
policy and PRM. The samples are `--candidates`, or those the run kept: cut into blocks in the order
drawn, of the size whose tokens are nearest to the tree's. The differences are paired: a question
counts with the mean over its blocks. Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

from search_bench import table

from meds3.answering.answer import Answered, answer
from meds3.answers.judge import judge
from meds3.answers.verdict import Verdict
from meds3.chains.template import ChatTemplate
from meds3.engines.build import build_engine
from meds3.engines.forms import servable
from meds3.engines.models import ensure_model
from meds3.errors import InputError
from meds3.evaluation.cost_curve import right_of_blocks
from meds3.evaluation.kept import kept_evaluation, kept_problems
from meds3.evaluation.outcome import SystemEvaluation, cluster_of
from meds3.evaluation.statistics.inference import bootstrap_mean
from meds3.evolution.outcome import config_of, outcome_of
from meds3.evolution.policies import served_by
from meds3.problems.problem import Problem
from meds3.rewards.torch_scorer import TorchStepScorer
from meds3.runs.digest import digest_of
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.selection.rules import select

STRATEGIES = ("majority", "pvs", "best-of-n/last")


async def searched(
    run: RunDirectory, problems: list[Problem], given: argparse.Namespace
) -> list[Answered]:
    """Every problem answered from a tree."""
    config, outcome = config_of(run), outcome_of(run)
    if outcome.policy is None or outcome.prm is None:
        raise InputError(f"{run.root}: no round was kept: there is no PRM to guide a tree")
    base = ensure_model(config.model)
    template = ChatTemplate.from_model(base)
    settings = config.answering.model_copy(
        update={"candidates": "tree", "n": given.finishes, "style": "bare", "strategy": "pvs"}
    )
    engine = build_engine(
        config.engine, served_by(outcome.policy, config.engine, servable(base, config.engine.kind))
    )
    scorer = TorchStepScorer(outcome.prm)
    room = asyncio.Semaphore(16)

    done = 0

    async def one(problem: Problem) -> Answered:
        nonlocal done
        async with room:
            found = await answer(problem, engine, scorer, template, settings, seed=given.seed)
        done += 1
        if done % 10 == 0 or done == len(problems):
            print(f"{done}/{len(problems)} trees", file=sys.stderr, flush=True)
        return found

    try:
        return list(await asyncio.gather(*map(one, problems)))
    finally:
        await engine.close()
        await scorer.close()


def tree_right(answered: list[Answered], problems: list[Problem], strategy: str) -> list[float]:
    """1 or 0 per question."""
    found = []
    for one, problem in zip(answered, problems, strict=True):
        winner = select(one.drawn.candidates, strategy).winner
        verdict = judge(winner.extraction, problem.answer).verdict if winner else None
        found.append(float(verdict is Verdict.CORRECT))
    return found


def nearest(evaluation: SystemEvaluation, tokens: float) -> int:
    """The number of samples whose tokens are nearest to `tokens`."""
    return min(
        range(1, evaluation.header.n_samples + 1),
        key=lambda size: abs(fmean(right_of_blocks(evaluation, "majority", size)[1]) - tokens),
    )


def rows(
    answered: list[Answered], problems: list[Problem], evaluation: SystemEvaluation, seed: int
) -> list[dict[str, Any]]:
    """Two lines per strategy: the tree, and samples at its tokens."""
    tokens = fmean(one.tokens for one in answered)
    size = nearest(evaluation, tokens)
    places = {outcome.problem_id: i for i, outcome in enumerate(evaluation.outcomes)}
    clusters, found = [cluster_of(p) for p in problems], []
    for strategy in STRATEGIES:
        tree = tree_right(answered, problems, strategy)
        shares, paid = right_of_blocks(evaluation, strategy, size)
        sampled = [shares[places[p.id]] for p in problems]
        gain = bootstrap_mean(
            [a - b for a, b in zip(tree, sampled, strict=True)], clusters, seed=seed
        )
        for name, right, cost in (
            ("tree", tree, tokens),
            (f"{size} samples", sampled, fmean(paid)),
        ):
            one = bootstrap_mean(right, clusters, seed=seed)
            found.append(
                {
                    "chains": name,
                    "strategy": strategy,
                    "tokens": round(cost, 1),
                    "accuracy": [round(x, 4) for x in (one.value, one.low, one.high)],
                    "tree - samples": [round(x, 4) for x in (gain.value, gain.low, gain.high)],
                }
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--candidates", help="a file of candidates of the same policy")
    parser.add_argument("--questions", type=int, default=160)
    parser.add_argument("--finishes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    run = RunDirectory.existing(given.run)
    evaluation = kept_evaluation(given.candidates or str(given.run))
    with Journal(run.journal_path, read_only=True) as journal:
        known = kept_problems(journal)
    ids = sorted((o.problem_id for o in evaluation.outcomes), key=lambda i: digest_of(["tree", i]))
    problems = [known[i] for i in ids[: given.questions]]
    answered = asyncio.run(searched(run, problems, given))
    sampled = evaluation.only({p.id for p in problems})
    found = rows(answered, problems, sampled, given.seed)
    print(table([{key: str(value) for key, value in row.items()} for row in found]))
    told = {"benchmark": "tree_answers", "run": run.name, "system": evaluation.name}
    print(json.dumps(told | {"questions": len(problems), "rows": found}))


if __name__ == "__main__":
    main()
