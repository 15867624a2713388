"""A file of seeds from a config's sources: curated, probed if wished, balanced, in order."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meds3.answering.probe import Difficulty, ProbeProgress, probe
from meds3.chains.template import ChatTemplate
from meds3.engines.build import build_engine
from meds3.engines.calls import JournalCalls
from meds3.engines.journalled import JournalledEngine
from meds3.engines.models import ensure_model
from meds3.engines.ready import made_ready
from meds3.evolution.config import RunConfig
from meds3.evolution.longest import longest_question
from meds3.evolution.outcome import outcome_of
from meds3.evolution.policies import base_policy, round_policy
from meds3.problems.config import GymSource, HubSource
from meds3.problems.curation.curate import curate
from meds3.problems.curation.files import expand, read_any, with_own_ids
from meds3.problems.curation.ledger import Drop, Ledger, Progress, Sifted, StageRecord, record
from meds3.problems.curriculum import Placed, allotted, arrange, balanced
from meds3.problems.load import candidate_seeds, load_problems
from meds3.problems.problem import Problem
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.runs.seed_file import check_output, file_record, write_seeds

Prober = Callable[[Sequence[Problem]], Awaitable[list[Difficulty]]]


@dataclass(frozen=True)
class BuiltSeeds:
    """The seeds in their order and the ledger that was written beside them."""

    placed: list[Placed]
    ledger: Ledger


async def build_seeds(
    config: RunConfig,
    out: Path,
    *,
    against: Sequence[Path] = (),
    prober: Prober | None = None,
    on_progress: Progress,
) -> BuiltSeeds:
    """Curate, probe with `prober` when there is one, choose, order and write.

    The config's own held-out problems and the files of `against` are kept apart from. The same
    sources, settings and pass rates give the same file. Raises `InputError` as curation does.
    """
    settings, seed = config.seed_set, config.seed
    exams = expand(against, "--against")
    pools = candidate_seeds(config.problems)
    files = [
        (s.path, len(p)) for s, p in pools if not isinstance(s, GymSource | HubSource) and s.path
    ]
    check_output(out, [*exams, *(path for path, _ in files)])
    candidates, renamed = with_own_ids([problems for _, problems in pools])
    held = [read_any(path) for path in exams]
    split = load_problems(config.problems)
    exam, _ = with_own_ids([split.heldout, *held])
    curated = curate(candidates, exam, settings.curation, on_progress=on_progress)
    sources = {
        "sources": [source.model_dump(mode="json") for source, _ in pools],
        "heldout": len(split.heldout),
        "open_excluded": split.open_excluded,
    }
    stages = [record("sources", sources, candidates, Sifted(candidates, [])), *curated.stages]
    kept = curated.kept
    measured: dict[str, Difficulty] = {}
    if prober is not None:
        sifted = _to_probe(kept, config)
        stages.append(record("probe candidates", settings.probe.model_dump(), kept, sifted))
        kept = sifted.kept
        on_progress("probe", 0, len(kept))
        measured = {d.problem_id: d for d in await prober(kept)}
    rates = {name: d.pass_rate for name, d in measured.items()}
    chosen = arrange(kept, rates, settings.curriculum, seed)
    sifted = Sifted([p.problem for p in chosen.placed], chosen.drops)
    stages.append(_curriculum_record(config, kept, sifted, measured))
    ledger = write_seeds(
        out,
        [_marked(placed, measured.get(placed.problem.id)) for placed in chosen.placed],
        inputs=[file_record(path, count) for path, count in files],
        against=[file_record(path, len(h)) for path, h in zip(exams, held, strict=True)],
        stages=stages,
        renamed=renamed,
    )
    return BuiltSeeds(chosen.placed, ledger)


@asynccontextmanager
async def policy_prober(
    config: RunConfig, kept: bool, journal_path: Path, watch: ProbeProgress
) -> AsyncIterator[Prober]:
    """A prober over the config's engine; finished calls are kept in `journal_path`.

    With `kept`, the policy that the config's run has reached, else the model it starts from.
    """
    model = ensure_model(config.model)
    policy = base_policy(model, config.engine)
    if kept and (number := outcome_of(RunDirectory.existing(config.run_path)).round):
        run = RunDirectory(config.run_path)
        with Journal(run.journal_path, read_only=True) as rounds:
            policy = round_policy(run, number, config.engine, rounds, policy.served)
    journal_path.parent.mkdir(parents=True, exist_ok=True)
    with Journal(journal_path) as journal:
        asked = build_engine(config.engine, policy.served)
        calls, purpose = JournalCalls(journal), f"probe/{policy.name}"
        engine = JournalledEngine(asked, calls, policy.digest, purpose)
        template = ChatTemplate.from_model(model)

        async def ask(problems: Sequence[Problem]) -> list[Difficulty]:
            tokens = config.seed_set.probe.max_tokens
            await made_ready(asked, longest_question(problems, template, tokens))
            return await probe(
                problems,
                engine,
                template,
                config.seed_set.probe,
                seed=config.seed,
                worked_example=policy.is_base and config.search.shows_example(1),
                on_progress=watch,
            )

        try:
            yield ask
        finally:
            await engine.close()


def _to_probe(problems: Sequence[Problem], config: RunConfig) -> Sifted:
    """A balanced draw from each dataset, a multiple of the rows wanted of it."""
    wanted, factor = config.seed_set.curriculum, config.seed_set.probe.candidates
    by_dataset: dict[str, list[Problem]] = {}
    for problem in problems:
        by_dataset.setdefault(problem.dataset, []).append(problem)
    sizes = {name: len(rows) for name, rows in by_dataset.items()}
    limits = allotted(sizes, int(factor * wanted.per_dataset), int(factor * wanted.total))
    drawn = {
        p.id
        for name, rows in sorted(by_dataset.items())
        for p in balanced(rows, limits[name], random.Random(f"probe/{config.seed}/{name}"))
    }
    kept = [p for p in problems if p.id in drawn]
    return Sifted(kept, [Drop(p, "not drawn for the probe") for p in problems if p.id not in drawn])


def _marked(placed: Placed, measured: Difficulty | None) -> Problem:
    """The problem with its place in the curriculum under `meta.curriculum`."""
    mark: dict[str, Any] = {"round": placed.round, "why": placed.reason}
    if measured is not None:
        mark["pass_rate"] = placed.pass_rate
        mark["verdicts"] = {str(v): n for v, n in sorted(measured.verdicts.items())}
    meta = {**placed.problem.meta, "curriculum": mark}
    return placed.problem.model_copy(update={"meta": meta})


def _curriculum_record(
    config: RunConfig,
    taken: Sequence[Problem],
    sifted: Sifted,
    measured: dict[str, Difficulty],
) -> StageRecord:
    settings = {
        **config.seed_set.curriculum.model_dump(),
        "seed": config.seed,
        "probed": len(measured),
        "probe_tokens": sum(d.tokens for d in measured.values()),
    }
    return record("curriculum", settings, taken, sifted)
