"""Ask a suite of a model, benchmark by benchmark; what is finished is never paid again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.answering.forcing import most_tokens
from meds3.answering.prompting import NO_SHOTS
from meds3.engines.journalled import JournalledEngine
from meds3.engines.preflight import Longest
from meds3.errors import InputError
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.kept import file_name
from meds3.evaluation.outcome import SystemEvaluation, load_evaluation
from meds3.evaluation.results import Results
from meds3.evaluation.run import evaluate_system, rescore
from meds3.evaluation.suites.contamination import contamination
from meds3.evaluation.suites.option_order import permutable, permuted
from meds3.evaluation.suites.reading import Asked, check_all_here, read_suite
from meds3.evaluation.suites.suite import Suite
from meds3.evolution.answerer import SUITE_RUN, Answerer
from meds3.evolution.cluster.config import RayConfig
from meds3.evolution.longest import longest_question
from meds3.evolution.policies import BASE, Policy, PolicyServer
from meds3.evolution.stages import Stages, Watcher
from meds3.evolution.suites.publish import STAGE, publish
from meds3.evolution.timing import timed
from meds3.problems.problem import Problem
from meds3.rewards.build import build_scorer
from meds3.rewards.journalled import JournalledScorer
from meds3.rewards.protocol import StepScorer
from meds3.runs.digest import digest_of, digest_path
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.runs.manifest import open_manifest

if TYPE_CHECKING:
    from meds3.evolution.cluster.pool import Pool


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    `orders`: further orders of the options that are asked. `ray`: over whose workers; None: here.
    """

    suite: Suite
    answerer: Answerer
    out: Path
    measured: EvaluationConfig
    limit: int | None = None
    orders: int = 0
    skip_missing: bool = False
    accept_changed: bool = False
    ray: RayConfig | None = None


@dataclass
class _State:
    request: Request
    run: RunDirectory
    journal: Journal
    stages: Stages
    longest: Longest
    policy: Policy
    server: PolicyServer
    asking: AsyncExitStack  # what the sampling holds: the engine, or the workers
    scoring: AsyncExitStack
    workers: Pool | None = None
    scorer: StepScorer | None = None


async def ask_suite(request: Request, watcher: Watcher) -> Results:
    """Every benchmark sampled, judged and step-scored, then `results.json`.

    The same call after a kill goes on from the journal; another suite, a larger limit or other
    strategies in the same folder are added. Raises `InputError` for a suite, a model or a folder
    that does not fit, `EngineError` and `StorageError` for what broke.
    """
    asked = read_suite(request.suite, limit=request.limit, accept_changed=request.accept_changed)
    if not request.skip_missing:
        check_all_here(asked)
    here = _with_contamination([a for a in asked if a.problems], request.answerer)
    if not here:
        check_all_here(asked)
    run = RunDirectory(request.out)
    with run.only_writer():
        _open(run, request)
        with Journal(run.journal_path) as journal:
            parts = [(a, part) for a in here for part in _parts(a, request)]
            every = [problem for _, (_, problems) in parts for problem in problems]
            async with AsyncExitStack() as asking, AsyncExitStack() as scoring:
                state = _state(request, run, journal, watcher, every, asking, scoring)
                for split in ("heldout", "order"):
                    rows = [
                        p
                        for _, (order, ps) in parts
                        for p in ps
                        if bool(order) == (split == "order")
                    ]
                    journal.add_problems(split, [p.model_dump(mode="json") for p in rows])
                sampled = [await _sample(state, a, *part) for a, part in parts]
                if request.answerer.prm is not None:
                    await asking.aclose()  # the PRM needs the memory
                    for (a, (order, _)), evaluation in zip(parts, sampled, strict=True):
                        await _score(state, a, order, evaluation, request.answerer.prm)
            missing = [a.entry for a in asked if a.entry.missing]
            return publish(run, journal, request.measured, missing)


def _state(
    request: Request,
    run: RunDirectory,
    journal: Journal,
    watcher: Watcher,
    problems: Sequence[Problem],
    asking: AsyncExitStack,
    scoring: AsyncExitStack,
) -> _State:
    answerer = request.answerer
    most = max(most_tokens(problem, answerer.settings) for problem in problems)
    longest = longest_question(problems, answerer.template, most)
    # Whatever it is, the one model of a suite is what its server starts with.
    policy = Policy(BASE, answerer.served, answerer.served, answerer.digest)
    server = PolicyServer(
        answerer.engine,
        journal,
        run=run,
        base=policy,
        longest=longest,
        say=lambda said: watcher.progress(0, 1, "server", said),
    )
    asking.push_async_callback(server.close)
    stages = Stages(journal, watcher)
    return _State(request, run, journal, stages, longest, policy, server, asking, scoring)


def _with_contamination(asked: Sequence[Asked], answerer: Answerer) -> list[Asked]:
    """What the model learned from is compared with the questions, where it is known."""
    if answerer.learned is None:
        return list(asked)
    found = contamination({a.benchmark.name: a.problems for a in asked}, answerer.learned)
    return [
        Asked(
            a.benchmark,
            a.entry.model_copy(update={"contamination": found[a.benchmark.name]}),
            a.problems,
        )
        for a in asked
    ]


def _open(run: RunDirectory, request: Request) -> None:
    """The folder's manifest: one model, asked in one way."""
    answerer = request.answerer
    science = {"answering": answerer.settings.drawing(), "seed": request.measured.seed}
    config = {"kind": SUITE_RUN, "model": answerer.ref, "system": answerer.name} | science
    if run.manifest_path.is_file() and run.read_manifest()["config"].get("kind") != SUITE_RUN:
        raise InputError(
            f"--out {run.root}: the folder of a training run", "give another folder: --out DIR"
        )
    try:
        open_manifest(run, config, science, answerer.digest)
    except InputError as error:
        raise InputError(
            error.message, "give these settings a folder of their own: --out DIR"
        ) from error


Part = tuple[int, list[Problem]]


def _parts(asked: Asked, request: Request) -> list[Part]:
    """The problems as they are, and in each further order of their options."""
    movable = [p for p in asked.problems if permutable(p)] if request.orders else []
    orders = range(1, request.orders + 1) if movable else ()
    seed = request.measured.seed
    return [
        (0, list(asked.problems)),
        *((order, [permuted(p, order, seed) for p in movable]) for order in orders),
    ]


async def _sample(
    state: _State, asked: Asked, order: int, problems: list[Problem]
) -> SystemEvaluation:
    answerer, seed = state.request.answerer, state.request.measured.seed
    stem = file_name(asked.benchmark.name, order)
    name, path = f"{STAGE}{stem}", state.run.evaluation(stem)

    async def work() -> dict[str, Any]:
        engine = await _asked_engine(state, name, problems)
        evaluation = await evaluate_system(
            answerer.name,
            problems,
            engine,
            answerer.template,
            None,
            answerer.settings,
            seed=seed,
            kind=answerer.kind,
            on_progress=lambda done, total, phase: state.stages.watcher.progress(
                done, total, "questions", phase
            ),
        )
        timed(evaluation, state.journal, name).save(path)
        entry = asked.entry.model_dump(mode="json")
        return {"entry": None if order else entry, "generated_tokens": engine.generated_tokens}

    inputs = {
        "model": answerer.digest,
        "answering": answerer.settings.drawing(),
        "seed": seed,
        "problems": digest_of([p.model_dump(mode="json") for p in problems]),
        "learned": digest_of(sorted(p.id for p in answerer.learned or ())),
        "suite": [state.request.suite.name, state.request.suite.version],
    }
    await state.stages.run(name, inputs, [path], work)
    return load_evaluation(path)


async def _asked_engine(
    state: _State, purpose: str, problems: Sequence[Problem]
) -> JournalledEngine:
    """The engine that answers `problems`, loaded when the first is asked. Workers, where there are
    any, have asked them by then, and the calls are found in the journal."""
    request, answerer = state.request, state.request.answerer
    if request.ray is None:
        return await state.server.engine(state.policy, purpose)
    from meds3.evolution.cluster.cluster import Cluster
    from meds3.evolution.cluster.spreading import ask_on
    from meds3.evolution.cluster.worker import Asking

    if state.workers is None:  # once for all benchmarks: each worker loads the model
        cluster = Cluster(
            request.ray,
            answerer.engine,
            state.run,
            state.journal,
            state.policy,
            answerer.template,
            state.longest,
        )
        state.workers = await state.asking.enter_async_context(cluster.workers())
    asking = Asking(purpose, state.policy, answerer.settings, NO_SHOTS, request.measured.seed)

    def show(done: int, total: int) -> None:
        state.stages.watcher.progress(done, total, "questions", "asked")

    await ask_on(state.workers, state.journal, asking, problems, show)
    return state.server.paid(state.policy, purpose)


async def _score(
    state: _State, asked: Asked, order: int, evaluation: SystemEvaluation, prm: Path
) -> None:
    stem = file_name(asked.benchmark.name, order, "prm")
    name, path = f"score/{stem}", state.run.evaluation(stem)
    digest = digest_path(prm)

    async def work() -> dict[str, Any]:
        if state.scorer is None:
            state.scorer = build_scorer(prm, state.request.answerer.scorer)
            state.scoring.push_async_callback(state.scorer.close)
        scorer = JournalledScorer(state.scorer, state.journal, digest, name)
        scored = await rescore(
            evaluation,
            scorer,
            lambda done, total, phase: state.stages.watcher.progress(
                done, total, "questions", phase
            ),
        )
        timed(scored, state.journal, name, scoring=True).save(path)
        return {}

    inputs = {"prm": digest, "sampled": evaluation.said()}
    await state.stages.run(name, inputs, [path], work)
