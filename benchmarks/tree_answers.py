"""Chains from one PRM-guided tree against independent samples, at equal tokens.

    meds3 evaluate configs/cpu-real.yaml -n 16
    python benchmarks/tree_answers.py runs/cpu-real --questions 160 --finishes 4

Asks the first `--questions` held-out questions (drawn by digest) of a finished run with its kept
policy and PRM. The samples are those the run kept: cut into blocks in the order drawn, for every
size, so that a size is found whose tokens are nearest to the tree's. Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from statistics import fmean
from typing import Any

from search_bench import table

from meds3.answering.answer import Answered, answer
from meds3.answers.judge import judge
from meds3.answers.verdict import Verdict
from meds3.chains.template import ChatTemplate
from meds3.engines.build import build_engine
from meds3.engines.models import ensure_model
from meds3.errors import InputError
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.cost_curve import cost_curve
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

STRATEGIES = ("majority", "pvs", "best-of-n/last")


async def searched(
    run: RunDirectory, problems: list[Problem], given: argparse.Namespace
) -> list[Answered]:
    """Every problem answered from a tree."""
    config, outcome = config_of(run), outcome_of(run)
    if outcome.policy is None or outcome.prm is None:
        raise InputError(f"{run.root}: no round was kept: there is no PRM to guide a tree")
    template = ChatTemplate.from_model(ensure_model(config.model))
    settings = config.answering.model_copy(
        update={"candidates": "tree", "n": given.finishes, "style": "bare", "strategy": "pvs"}
    )
    engine = build_engine(config.engine, served_by(outcome.policy, config.engine))
    scorer = TorchStepScorer(outcome.prm)
    room = asyncio.Semaphore(16)

    async def one(problem: Problem) -> Answered:
        async with room:
            return await answer(problem, engine, scorer, template, settings, seed=given.seed)

    try:
        return list(await asyncio.gather(*map(one, problems)))
    finally:
        await engine.close()
        await scorer.close()


def tree_rows(answered: list[Answered], problems: list[Problem], seed: int) -> list[dict[str, Any]]:
    from meds3.selection.rules import select

    tokens, found = fmean(one.tokens for one in answered), []
    for strategy in STRATEGIES:
        right = []
        for one, problem in zip(answered, problems, strict=True):
            winner = select(one.drawn.candidates, strategy).winner
            verdict = judge(winner.extraction, problem.answer).verdict if winner else None
            right.append(float(verdict is Verdict.CORRECT))
        estimate = bootstrap_mean(right, [cluster_of(p) for p in problems], seed=seed)
        found.append(_row("tree", strategy, tokens, estimate.value, estimate.low, estimate.high))
    return found


def sample_rows(evaluation: SystemEvaluation, tokens: float) -> list[dict[str, Any]]:
    """Each strategy at the number of samples whose tokens are nearest to `tokens`."""
    points = cost_curve(evaluation, EvaluationConfig(strategies=STRATEGIES))
    found = []
    for strategy in STRATEGIES:
        here = [point for point in points if point.strategy == strategy]
        near = min(here, key=lambda point: abs(point.tokens - tokens))
        name = f"{near.n_samples} samples"
        found.append(_row(name, strategy, near.tokens, near.accuracy, near.low, near.high))
    return found


def _row(
    chains: str, strategy: str, tokens: float, value: float, low: float, high: float
) -> dict[str, Any]:
    return {
        "chains": chains,
        "strategy": strategy,
        "tokens": round(tokens, 1),
        "accuracy": round(value, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--questions", type=int, default=160)
    parser.add_argument("--finishes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    run = RunDirectory.existing(given.run)
    evaluation = kept_evaluation(str(given.run))
    with Journal(run.journal_path, read_only=True) as journal:
        known = kept_problems(journal)
    ids = sorted((o.problem_id for o in evaluation.outcomes), key=lambda i: digest_of(["tree", i]))
    problems = [known[i] for i in ids[: given.questions]]
    answered = asyncio.run(searched(run, problems, given))
    found = tree_rows(answered, problems, given.seed)
    found += sample_rows(evaluation.only({p.id for p in problems}), found[0]["tokens"])
    print(table(found))
    told = {"benchmark": "tree_answers", "run": run.name, "system": evaluation.name}
    print(json.dumps(told | {"questions": len(problems), "rows": found}))


if __name__ == "__main__":
    main()
