"""One worker: an engine, a journal, and the problems it is given. Knows nothing of Ray."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from meds3.answering.config import AnsweringConfig
from meds3.answering.prompting import Shots
from meds3.chains.template import ChatTemplate
from meds3.engines.config import EngineConfig
from meds3.engines.journalled import JournalledEngine
from meds3.engines.preflight import Longest
from meds3.evaluation.run import evaluate_system
from meds3.evolution.cluster.findings import Findings, findings
from meds3.evolution.policies import Policy, PolicyServer
from meds3.evolution.rollouts import Begun, roll_out
from meds3.problems.problem import Problem
from meds3.rewards.build import build_scorer
from meds3.rewards.config import ScorerConfig
from meds3.rewards.journalled import JournalledScorer
from meds3.rewards.protocol import StepScorer
from meds3.runs.digest import digest_path
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal, was_begun
from meds3.search.config import SearchConfig
from meds3.search.scheduler import search_problems


@dataclass(frozen=True)
class Asking:
    """Who is asked, and how; `purpose` is what the journal says the calls were for."""

    purpose: str
    policy: Policy
    settings: AnsweringConfig
    shots: Shots
    seed: int

    def anywhere(self) -> Asking:
        """For a process in another folder."""
        return replace(self, policy=self.policy.absolute())


class Worker:
    """Searches, asks and rolls out with policies that grew from `base`.

    `journal_path` is what it has paid; calls that are in the journals `others` are not paid again.
    A worker that is started anew with the same journal goes on where the last one died.
    """

    def __init__(
        self,
        engine: EngineConfig,
        base: Policy,
        template: ChatTemplate,
        journal_path: Path,
        others: Sequence[Path],
        longest: Longest | None = None,
    ) -> None:
        self._template = template
        self._open = ExitStack()
        journal_path.parent.mkdir(parents=True, exist_ok=True)
        self._journal = self._open.enter_context(Journal(journal_path))
        known = [
            self._open.enter_context(Journal(path, read_only=True))
            for path in others
            if path != journal_path and was_begun(path)
        ]
        # Its own folder of logs and adapters: workers of one machine must not share a file.
        home = RunDirectory(journal_path.with_suffix(""))
        self._server = PolicyServer(
            engine, self._journal, known, run=home, base=base, longest=longest
        )
        self._loading = asyncio.Lock()
        self._scorer: StepScorer | None = None
        self._told = 0

    async def search(
        self,
        round_: int,
        policy: Policy,
        problems: Sequence[Problem],
        settings: SearchConfig,
        seed: int,
        guide: tuple[Path, ScorerConfig] | None = None,
    ) -> Findings:
        """Grow the trees of `problems`; problems that fail for good are among the findings."""
        engine = await self._engine(policy, f"round-{round_}/search")
        # Who fails is judged over all problems, and not here over a handful.
        here = settings.model_copy(update={"max_failed_share": 1.0, "max_tokens": None})
        await search_problems(
            problems,
            engine,
            self._template,
            self._journal,
            here,
            round_=round_,
            seed=seed,
            scorer=self._scorer_of(*guide, round_) if guide else None,
        )
        return self._found(round_, [problem.id for problem in problems])

    async def ask(self, asking: Asking, problems: Sequence[Problem]) -> Findings:
        """Draw the chains of `problems`; who sent them finds the calls paid."""
        await evaluate_system(
            asking.policy.name,
            problems,
            await self._engine(asking.policy, asking.purpose),
            self._template,
            None,
            asking.settings,
            seed=asking.seed,
            shots=asking.shots,
        )
        return self._found(0, [])

    async def roll_out(
        self,
        purpose: str,
        policy: Policy,
        begun: Sequence[Begun],
        count: int,
        sampled_as: SearchConfig,
        seed: int,
    ) -> Findings:
        """Go on from chains; who sent them finds the calls paid."""
        engine = await self._engine(policy, purpose)
        await roll_out(begun, count, engine, self._template, sampled_as, seed)
        return self._found(0, [])

    async def hello(self) -> None:
        """Answer, as a sign of life."""

    async def close(self) -> None:
        """Free the engine and close the journals."""
        if self._scorer is not None:
            await self._scorer.close()
        await self._server.close()
        self._open.close()

    async def _engine(self, policy: Policy, purpose: str) -> JournalledEngine:
        async with self._loading:  # several chunks begin at once
            return await self._server.engine(policy, purpose)

    def _scorer_of(self, prm: Path, config: ScorerConfig, round_: int) -> StepScorer:
        if self._scorer is None:
            log = self._journal.path.with_suffix("") / "logs" / "vllm-prm.log"
            self._scorer = JournalledScorer(
                build_scorer(prm, config, log),
                self._journal,
                digest_path(prm),
                f"round-{round_}/search-scores",
            )
        return self._scorer

    def _found(self, round_: int, ids: Sequence[str]) -> Findings:
        found = findings(self._journal, round_, ids, self._told)
        self._told = found.upto
        return found
