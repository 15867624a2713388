"""What it buys to ask the chains that state no answer for one (`answering.force_answer`).

    python benchmarks/forced_answers.py runs/cpu-real

Takes the candidates that a finished run kept for its last round (or `--candidates`), asks its
policy for the answers that are missing, scores those chains anew, and sets accuracy with and
without beside each other, macro over the datasets and paired on the same questions. The other
chains are the same ones. Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from search_bench import table
from try_policy import by_dataset

from meds3.answering.forcing import with_answers
from meds3.answering.sample import score_candidates
from meds3.answers.judge import judge
from meds3.answers.verdict import Verdict
from meds3.chains.template import ChatTemplate
from meds3.cli.watch import Watch
from meds3.engines.build import build_engine
from meds3.engines.models import ensure_model
from meds3.errors import InputError
from meds3.evaluation.kept import kept_evaluation, kept_problems
from meds3.evaluation.outcome import CandidateRow, Outcome, SystemEvaluation
from meds3.evaluation.statistics.inference import bootstrap_mean
from meds3.evolution.outcome import config_of, outcome_of
from meds3.evolution.policies import base_policy, served_by
from meds3.problems.problem import Problem
from meds3.rewards.torch_scorer import TorchStepScorer
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

STRATEGIES = ("greedy", "majority", "pvs", "vote-sum^4/last", "best-of-n/last")
AT_ONCE = 8  # questions


async def forced(
    run: RunDirectory, evaluation: SystemEvaluation, problems: dict[str, Problem]
) -> SystemEvaluation:
    """`evaluation` with the missing answers asked for."""
    config, outcome = config_of(run), outcome_of(run)
    if outcome.policy is None or outcome.prm is None:
        raise InputError(f"{run.root}: no round was kept", "name a run with a kept round")
    model = ensure_model(config.model)
    base = base_policy(model, config.engine)
    engine = build_engine(config.engine, served_by(outcome.policy, config.engine, base.served))
    scorer = TorchStepScorer(outcome.prm)
    template = ChatTemplate.from_model(model)
    settings = config.answering.model_copy(update={"force_answer": True, "style": "bare"})
    room, done = asyncio.Semaphore(AT_ONCE), 0

    async def one(old: Outcome, watch: Watch) -> Outcome:
        nonlocal done
        problem = problems[old.problem_id]

        async def rows(before: tuple[CandidateRow, ...], purpose: str) -> tuple[CandidateRow, ...]:
            had = [row.candidate() for row in before]
            has = await with_answers(
                engine,
                template,
                problem,
                settings,
                had,
                seed=evaluation.header.seed,
                purpose=purpose,
                greedy=purpose == "greedy",
            )
            new = [i for i, (a, b) in enumerate(zip(had, has, strict=True)) if a is not b]
            if purpose != "greedy":
                found = await score_candidates(scorer, old.scoring_prompt, [has[i] for i in new])
                for i, scored in zip(new, found, strict=True):
                    has[i] = scored
            return tuple(
                CandidateRow.of(has[i], judge(has[i].extraction, problem.answer))
                if i in new
                else before[i]
                for i in range(len(before))
            )

        async with room:
            samples = await rows(old.samples, "sample")
            (greedy,) = await rows((old.greedy,), "greedy")
        done += 1
        watch.progress(done, len(evaluation.outcomes), "questions", "asked")
        return old.model_copy(update={"samples": samples, "greedy": greedy})

    try:
        with Watch(Console(stderr=True)) as watch:
            watch.stage("forced answers", "started")
            outcomes = await asyncio.gather(*(one(o, watch) for o in evaluation.outcomes))
    finally:
        await engine.close()
        await scorer.close()
    return SystemEvaluation(header=evaluation.header, outcomes=tuple(outcomes))


def macro(evaluation: SystemEvaluation, right: dict[str, bool]) -> float:
    return by_dataset(evaluation.outcomes, lambda one: float(right[one.problem_id]))["macro"]


def line(strategy: str, before: SystemEvaluation, after: SystemEvaluation) -> dict[str, Any]:
    """Accuracy without and with, and the paired difference over all questions."""
    old, new = before.correct(strategy), after.correct(strategy)
    ids = [outcome.problem_id for outcome in before.outcomes]
    gain = bootstrap_mean([float(new[i]) - float(old[i]) for i in ids], before.clusters)
    return {
        "strategy": strategy,
        "as drawn": round(macro(before, old), 4),
        "forced": round(macro(after, new), 4),
        "difference, all questions": [round(x, 4) for x in (gain.value, gain.low, gain.high)],
    }


def unreadable(evaluation: SystemEvaluation) -> float:
    rows = [row for outcome in evaluation.outcomes for row in outcome.samples]
    return round(fmean(row.verdict is Verdict.UNPARSABLE for row in rows), 4)


def tokens(evaluation: SystemEvaluation) -> int:
    return sum(row.tokens for o in evaluation.outcomes for row in (*o.samples, o.greedy))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--candidates", help="a file of scored candidates of the same policy")
    parser.add_argument("--keep", type=Path, help="write the candidates with their answers here")
    given = parser.parse_args()
    run = RunDirectory.existing(given.run)
    before = kept_evaluation(given.candidates or str(given.run))
    with Journal(run.journal_path, read_only=True) as journal:
        problems = kept_problems(journal)
    after = asyncio.run(forced(run, before, problems))
    if given.keep is not None:
        after.save(given.keep)
    found = [line(strategy, before, after) for strategy in before.measurable(list(STRATEGIES))]
    print(table([{key: str(value) for key, value in row.items()} for row in found]))
    told = {
        "benchmark": "forced_answers",
        "run": run.name,
        "system": before.name,
        "questions": len(before.outcomes),
        "unreadable": [unreadable(before), unreadable(after)],
        "tokens": [tokens(before), tokens(after)],
        "rows": found,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
