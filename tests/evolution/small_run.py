"""A run of a few made-up problems over a scripted engine, as a process of its own would see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from meds3.answers.kinds import Label
from meds3.chains.template import ChatTemplate
from meds3.engines.calls import JournalCalls
from meds3.engines.journalled import JournalledEngine
from meds3.engines.scripted import ScriptedEngine
from meds3.evolution.config import RunConfig
from meds3.evolution.policies import Policy, PolicyServer
from meds3.evolution.stages import Stages
from meds3.evolution.state import Evolution
from meds3.problems.load import ProblemSplit
from meds3.problems.problem import Domain, Problem
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.runs.manifest import open_manifest
from tests.evolution.test_stages import Quiet

SOURCE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: "
TEMPLATE = ChatTemplate(SOURCE, end_of_turn="<end>")
LABELS = ("yes", "no", "maybe")
POLICY = Policy("round-1", Path("weights"), Path("served"), "digest-1")
BASE = Policy("base", Path("weights"), Path("served"), "digest-0")


def problem(i: int, split: str) -> Problem:
    return Problem(
        id=f"{split}-{i}",
        dataset=f"set-{i % 2}",
        domain=Domain.MEDICAL_NLI,
        question=f"Does {split} drug {i} help?",
        answer=Label(label="yes", labels=LABELS),
    )


SEEDS = [problem(i, "seed") for i in range(4)]
HELDOUT = [problem(i, "heldout") for i in range(12)]


class Server:
    """Serves a scripted engine, its calls journalled as the real server's are."""

    def __init__(self, journal: Journal, engine: ScriptedEngine) -> None:
        self.journal, self.scripted = journal, engine

    async def engine(self, policy: Policy, purpose: str) -> JournalledEngine:
        return JournalledEngine(self.scripted, JournalCalls(self.journal), policy.digest, purpose)

    async def release(self) -> None: ...


def config(tmp_path: Path, fields: dict[str, Any] | None = None, **evaluation: Any) -> RunConfig:
    return RunConfig.model_validate(
        {
            "name": "small",
            "runs_dir": tmp_path,
            "problems": {"sources": [{"kind": "gym", "seeds": 5, "heldout": 5}]},
            "evaluation": {"resamples": 100, "strategies": ["greedy", "majority", "pvs"]}
            | evaluation,
            **(fields or {}),
        }
    )


async def with_state(
    tmp_path: Path,
    engine: ScriptedEngine,
    work: Callable[[Evolution], Any],
    *,
    problems: ProblemSplit | None = None,
    fields: dict[str, Any] | None = None,
    **evaluation: Any,
) -> tuple[Any, Quiet]:
    """`work` with the state of a run in `tmp_path`; `fields` and `evaluation` are of its config."""
    settings = config(tmp_path, fields, **evaluation)
    run, quiet = RunDirectory(settings.run_path), Quiet()
    run.root.mkdir(exist_ok=True)
    open_manifest(run, settings.model_dump(mode="json"), settings.science(), "digest-0")
    with Journal(run.journal_path) as journal:
        state = Evolution(
            config=settings,
            run=run,
            journal=journal,
            stages=Stages(journal, quiet),
            server=cast(PolicyServer, Server(journal, engine)),
            template=TEMPLATE,
            problems=problems or ProblemSplit(SEEDS, HELDOUT),
            gate=[],
            base=BASE,
        )
        return await work(state), quiet
