"""The loop over rounds: search, learn, measure, keep or roll back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

from meds3.chains.template import ChatTemplate
from meds3.engines.models import ensure_model
from meds3.errors import InputError
from meds3.evaluation.results import Results, RoundInfo, SearchStats, read_results
from meds3.evaluation.results_parts import PrmQuality
from meds3.evolution.base_systems import base_systems
from meds3.evolution.config import RunConfig
from meds3.evolution.gate import set_apart
from meds3.evolution.learn import learn
from meds3.evolution.longest import longest_call
from meds3.evolution.measure import judge_round, sample_base, sample_policy, score_systems
from meds3.evolution.outcome import config_of
from meds3.evolution.overlap import checked_problems
from meds3.evolution.policies import PolicyServer, base_policy
from meds3.evolution.publish import CALLS_FROM, publish
from meds3.evolution.searching import search_round
from meds3.evolution.stages import Stages, Watcher
from meds3.evolution.state import Evolution, Part
from meds3.evolution.step_rollouts import measure_prm
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.runs.manifest import check_science, open_manifest
from meds3.selection.rules import needs_scores


async def evolve(config: RunConfig, watcher: Watcher, calls_from: Path | None = None) -> Results:
    """Run or resume `config` to its end; the same calls of the run `calls_from` are not paid again.

    Everything finished is kept whatever happens; the same call goes on from there. Raises
    `InputError` for what the user must mend, `EngineError` and `StorageError` for what broke.
    """
    if config.engine.kind == "openai":
        raise InputError(
            "engine.kind: 'openai' serves a fixed model, and the loop trains new ones",
            "use 'vllm' (GPU), 'transformers' (any torch device) or 'openvino' (CPU) for `evolve`; "
            "`search` and `evaluate` take 'openai'",
        )
    async with opened(config, watcher, calls_from) as state:
        results = await _rounds(state)
        state.journal.event("finish")
        return results


async def search_only(
    config: RunConfig, watcher: Watcher, calls_from: Path | None = None
) -> SearchStats:
    """The search of round 1; a later `evolve` with the same config finds it done."""
    async with opened(config, watcher, calls_from) as state:
        _, stats = await search_round(state, 1, state.base)
        return stats


@asynccontextmanager
async def opened(
    config: RunConfig, watcher: Watcher, calls_from: Path | None = None
) -> AsyncIterator[Evolution]:
    """The run of `config`, opened for writing by this process alone."""
    problems = checked_problems(config.problems)
    seeds, gate = set_apart(problems.seeds, config.gate.seeds)
    problems = replace(problems, seeds=seeds)
    model = ensure_model(config.model)
    base = base_policy(model, config.engine)
    run = RunDirectory(config.run_path)
    with run.only_writer():
        started = config_of(run).science() if run.manifest_path.is_file() else None
        body = config.model_dump(mode="json")
        open_manifest(run, body, config.science(), base.digest, started)
        with Journal(run.journal_path) as journal, _calls_of(calls_from) as others:
            journal.add_problems("seed", [p.model_dump(mode="json") for p in problems.seeds])
            journal.add_problems("heldout", [p.model_dump(mode="json") for p in problems.heldout])
            journal.add_problems("gate", [p.model_dump(mode="json") for p in gate])
            journal.event("start")
            if calls_from is not None:
                journal.event(CALLS_FROM, run=calls_from.name)
            template = ChatTemplate.from_model(model)
            server = PolicyServer(
                config.engine,
                journal,
                others,
                run=run,
                base=base,
                longest=longest_call(config, problems, template),
                say=lambda said: watcher.progress(0, 1, "server", said),
            )
            stages = Stages(journal, watcher)
            try:
                yield Evolution(
                    config, run, journal, stages, server, template, problems, gate, base
                )
            finally:
                await server.close()


@contextmanager
def _calls_of(run: Path | None) -> Iterator[list[Journal]]:
    if run is None:
        yield []
        return
    with Journal(RunDirectory.existing(run).journal_path, read_only=True) as journal:
        yield [journal]


async def _rounds(state: Evolution) -> Results:
    kept, guide = state.base, None
    rounds: list[RoundInfo] = []
    rolled_back: set[str] = set()
    quality: list[PrmQuality] = []
    systems = await sample_base(state)
    for number in range(1, state.config.rounds + 1):
        trees, search = await search_round(state, number, kept, guide)
        await state.server.release()  # training needs the memory
        datasets, training = await learn(state, number, kept, trees)
        new = state.policy(number)
        # A gate on scores wants both under the same PRM; other systems keep the scores they have.
        by_scores = needs_scores(state.config.gate.strategy)
        scored = await score_systems(state, number, [kept, new] if by_scores else [new])
        systems |= scored["heldout"]
        part: Part = "gate" if "gate" in scored else "heldout"
        before = scored[part].get(kept.name) or await sample_policy(state, kept, part=part)
        gate = await judge_round(state, number, scored[part][new.name], before)
        quality += await measure_prm(state, number, new, scored["heldout"])
        if gate.kept:
            kept, guide = new, number
        else:
            rolled_back.add(new.name)
        rounds.append(
            RoundInfo(number=number, search=search, datasets=datasets, training=training, gate=gate)
        )
        results = publish(state, rounds, systems, rolled_back, quality)
    return results


def finished(config: RunConfig) -> Results | None:
    """The results of a run that has nothing left to do; None while there is."""
    run = RunDirectory(config.run_path)
    if not (run.manifest_path.is_file() and run.results_path.is_file()):
        return None
    check_science(run, config.science(), config_of(run).science())
    results = read_results(run.results_path)
    asked = base_systems(config.evaluation.baselines).keys() - {s.name for s in results.systems}
    unread = set(config.evaluation.strategies) - {row.strategy for row in results.rows}
    return None if len(results.rounds) < config.rounds or asked or unread else results
