"""A policy, and a PRM, outside a run: on problems that its config uses nowhere, or on its own.

    python benchmarks/try_policy.py configs/cpu-real.yaml                          # the base, bare
    python benchmarks/try_policy.py configs/cpu-real.yaml --style worked-example
    python benchmarks/try_policy.py configs/cpu-real.yaml --policy sft-a --keep a.jsonl
    python benchmarks/try_policy.py configs/cpu-real.yaml --candidates a.jsonl --prm prm-b
    python benchmarks/try_policy.py configs/cpu-real.yaml --candidates a.jsonl --rows rows.jsonl
    python benchmarks/try_policy.py configs/cpu-real.yaml --problems unseen --policy a --prm b

`--problems unused`, for choosing a recipe: `--each` rows of every file the config draws its seeds
from, neither seeds nor held-out problems of the config nor like one of these, so that what is tuned
here says nothing about the figures reported there. `unseen`, for the end: rows that are like no
seed either, the publishers' held-out files first, to measure a finished run where no choice between
recipes can have flattered it. `heldout`: the config's own. `waiting`: the seeds that no round of
the config searches, from which a PRM may learn (`fresh.seeds: next`).

Prints accuracy by dataset and macro for every rule, how often any candidate
is right, and how well the PRM tells right from wrong chains of one question. `--candidates` scores
kept candidates again; nothing is generated then. `--rows` writes the sampled chains as rows for
`meds3 train prm`, as the stage `fresh` of a run would. A table and a last line of JSON.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from search_bench import report, table

from meds3.answers.verdict import Verdict
from meds3.chains.template import ChatTemplate
from meds3.cli.watch import Watch
from meds3.engines.build import build_engine
from meds3.engines.models import ensure_model
from meds3.errors import InputError
from meds3.evaluation.outcome import Outcome, SystemEvaluation, load_evaluation
from meds3.evaluation.prm.quality import prm_quality
from meds3.evaluation.report.quality_words import in_words
from meds3.evaluation.run import evaluate_system, rescore
from meds3.evolution.config import RunConfig, load_config
from meds3.evolution.overlap import checked_problems
from meds3.evolution.policies import base_policy, served_by
from meds3.learning.both_sides import add_missing_side
from meds3.learning.prm_rows import prm_rows
from meds3.learning.rows import PrmRow, write_rows
from meds3.learning.verified import ALONE
from meds3.problems.config import GymSource
from meds3.problems.curation.overlap import OverlapConfig, find_overlaps
from meds3.problems.load import ProblemSplit
from meds3.problems.problem import Problem
from meds3.problems.sources.read import read_source
from meds3.rewards.torch_scorer import TorchStepScorer
from meds3.runs.digest import digest_of
from meds3.search.tree import Rollout, seedling

UNSCORED = ("greedy", "majority")
SCORED = tuple(
    f"{pool}/{rule}" for pool in ("vote-sum", "best-of-n") for rule in ("last", "min", "mean")
)


def by_file(config: RunConfig, *, held: bool = False) -> list[list[Problem]]:
    """All problems of every file the config draws its seeds from, or of its held-out part.

    Several sources may draw from one file; the first of them names its held-out part.
    """
    files: dict[str, Any] = {}
    for source in config.problems.sources:
        if not isinstance(source, GymSource):
            files.setdefault(source.where, source)
    return [read_source(source, held=held).problems for source in files.values()]


def unused(split: ProblemSplit, config: RunConfig, each: int) -> list[Problem]:
    """Neither seeds nor held-out problems, nor like one of the latter: a PRM that learned from them
    may be measured there."""
    return _others(split, each, [by_file(config)], split.heldout)


def unseen(split: ProblemSplit, config: RunConfig, each: int) -> list[Problem]:
    """Like no seed and no held-out problem; those of the publishers' held-out files come first."""
    files = [by_file(config, held=True), by_file(config)]
    return _others(split, each, files, [*split.seeds, *split.heldout])


def heldout(split: ProblemSplit, config: RunConfig, each: int) -> list[Problem]:
    """The config's own held-out problems, all of them."""
    return split.heldout


def waiting(split: ProblemSplit, config: RunConfig, each: int) -> list[Problem]:
    """The seeds that no round of the config searches, all of them."""
    return [p for p in split.seeds if split.first_round(p) > config.rounds]


WHICH = {which.__name__: which for which in (unused, unseen, heldout, waiting)}


def _others(
    split: ProblemSplit,
    each: int,
    files: Sequence[Sequence[list[Problem]]],
    against: Sequence[Problem],
) -> list[Problem]:
    """`each` problems of every source that the config does not use and that overlap none of
    `against`. `files` holds every source's problems, the part to draw from first before the other.
    """
    used = [*split.seeds, *split.heldout]
    ids = {p.id for p in used}
    stems = {p.question for p in used if not p.context}
    found: list[Problem] = []
    for pools in zip(*files, strict=True):
        rows: list[Problem] = []
        for pool in pools:
            new = [p for p in pool if p.id not in ids and p.question not in stems]
            alike = {o.seed.id for o in find_overlaps(new, against, OverlapConfig())}
            rows += sorted(
                (p for p in new if p.id not in alike), key=lambda p: digest_of(["try", p.id])
            )
        found += list({p.id: p for p in rows}.values())[:each]
    return found


Progress = Callable[[int, int, str], None]


@contextmanager
def shown(name: str) -> Iterator[Progress]:
    """Bars or lines on standard error: the figures alone go to standard output."""
    with Watch(Console(stderr=True)) as watch:
        watch.stage(name, "started")
        yield lambda done, total, phase: watch.progress(done, total, "questions", phase)


async def candidates(
    given: argparse.Namespace, config: RunConfig, on_progress: Progress
) -> SystemEvaluation:
    """What the policy says to the problems."""
    model = ensure_model(config.model)
    served = base_policy(model, config.engine).served
    if given.policy is not None:
        served = served_by(given.policy, config.engine, served)
    engine = build_engine(config.engine, served)
    settings = config.answering.model_copy(update={"n": given.n, "style": given.style})
    template = ChatTemplate.from_model(model)
    problems = WHICH[given.problems](checked_problems(config.problems), config, given.each)
    try:
        return await evaluate_system(
            str(given.policy or "base"),
            problems,
            engine,
            template,
            None,
            settings,
            on_progress=on_progress,
        )
    finally:
        await engine.close()


def learned_rows(outcomes: Sequence[Outcome], config: RunConfig) -> list[PrmRow]:
    """The sampled chains with the verdict on their last step, as `config.prm` takes them."""
    pools = (*by_file(config), *by_file(config, held=True))
    known = {problem.id: problem for problems in pools for problem in problems}
    trees = []
    for outcome in outcomes:
        tree = seedling(outcome.problem_id, outcome.scoring_prompt)
        for row in outcome.samples:
            steps = row.candidate().chain.steps[1:]
            tree.nodes[0].rollouts.append(Rollout(steps, row.verdict, row.tokens))
        if config.fresh is not None and config.fresh.both_sides:
            add_missing_side(tree, known[outcome.problem_id], ALONE[config.sft.reasons])
        trees.append(tree)
    return prm_rows(trees, known.values(), config.prm)[0]


def keep(found: SystemEvaluation, path: Path | None) -> None:
    """At once after sampling, and again with the scores."""
    if path is not None:
        found.save(path)


def by_dataset(outcomes: Sequence[Outcome], value: Callable[[Outcome], float]) -> dict[str, float]:
    """The mean of `value` over each dataset's questions, and over the datasets."""
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.dataset].append(value(outcome))
    means = {name: fmean(values) for name, values in sorted(groups.items())}
    return {"macro": fmean(means.values()), **means}


def right(outcome: Outcome) -> list[bool]:
    return [row.verdict is Verdict.CORRECT for row in outcome.samples]


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    config = load_config(given.config, given.set)
    if given.candidates is not None:
        found = load_evaluation(given.candidates)
    else:
        with shown("sampling") as on_progress:
            found = await candidates(given, config, on_progress)
        keep(found, given.keep)
    if given.prm is not None:
        scorer = TorchStepScorer(given.prm)
        try:
            with shown("scoring") as on_progress:
                found = await rescore(found, scorer, on_progress)
        finally:
            await scorer.close()
        keep(found, given.keep)
    outcomes = found.outcomes
    if given.rows is not None:
        write_rows(given.rows, learned_rows(outcomes, config))
    lines: dict[str, dict[str, float]] = {}
    for strategy in found.measurable([*UNSCORED, *SCORED]):
        correct = found.correct(strategy)
        lines[strategy] = by_dataset(outcomes, lambda o, c=correct: float(c[o.problem_id]))  # type: ignore[misc]
    lines["one chain"] = by_dataset(outcomes, lambda o: fmean(right(o)))
    lines["any chain"] = by_dataset(outcomes, lambda o: float(any(right(o))))
    rounded = [
        {"": name, **{k: round(v, 3) for k, v in line.items()}} for name, line in lines.items()
    ]
    print(table(rounded), end="\n\n")
    quality = prm_quality(found, 1, config.evaluation)
    if quality is not None:
        print("\n".join(in_words(quality)), end="\n\n")
    chains = [row for outcome in outcomes for row in outcome.samples]
    return {
        "benchmark": "try_policy",
        "config": str(given.config),
        "policy": found.name,
        "prm": str(given.prm) if given.prm else None,
        "style": found.header.prompt_style,
        "questions": len(outcomes),
        "n": found.header.n_samples,
        "accuracy": rounded,
        "prm_quality": quality.model_dump(mode="json") if quality else None,
        "unparsable": round(fmean(row.verdict is Verdict.UNPARSABLE for row in chains), 3),
        "tokens_per_chain": round(fmean(row.tokens for row in chains), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument(
        "--problems",
        choices=WHICH,
        default="unused",
        help="unused: neither seeds nor held out, for choosing; unseen: like no seed either; "
        "heldout: the config's own; waiting: seeds that no round searches",
    )
    parser.add_argument("--each", type=int, default=25, help="of every source: unused and unseen")
    parser.add_argument("--n", type=int, default=4, help="chains of each problem")
    parser.add_argument("--style", default="bare", help="see answering.style")
    parser.add_argument("--policy", type=Path, help="a trained folder; without it the base")
    parser.add_argument("--prm", type=Path, help="a trained folder")
    parser.add_argument("--keep", type=Path, help="write the candidates here, with their scores")
    parser.add_argument("--rows", type=Path, help="write the chains as rows for a PRM here")
    parser.add_argument("--candidates", type=Path, help="score these again")
    given = parser.parse_args()
    if given.each < 1:
        raise InputError(f"--each {given.each}: expected at least 1", "--each 25")
    report(measure(given))


if __name__ == "__main__":
    main()
