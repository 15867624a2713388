"""What a system did with every question: kept whole, so that nothing is generated twice."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from meds3.answering.config import PromptStyle
from meds3.answers.verdict import Extraction, Judgement, Verdict
from meds3.chains.chain import chain_of
from meds3.errors import InputError
from meds3.problems.problem import Problem
from meds3.runs import atomic
from meds3.selection.candidate import Candidate
from meds3.selection.rules import Selection, needs_scores, select

SCHEMA_VERSION = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CandidateRow(_Part):
    """One candidate as a person reads it. `steps` are the texts after Step 0."""

    answer: str | None
    verdict: Verdict
    tokens: int
    scores: tuple[float, ...] = ()
    matched: str = ""
    steps: tuple[str, ...] = ()
    within: float = 0.0

    @classmethod
    def of(cls, candidate: Candidate, judgement: Judgement) -> CandidateRow:
        return cls(
            answer=candidate.extraction.key,
            verdict=judgement.verdict,
            tokens=candidate.tokens,
            scores=candidate.scores,
            matched=candidate.extraction.matched,
            steps=tuple(step.text for step in candidate.chain.steps[1:]),
            within=candidate.within,
        )

    def candidate(self) -> Candidate:
        problem = self.verdict if self.answer is None else None
        extraction = Extraction(self.answer, self.matched, problem)
        return Candidate(chain_of(*self.steps), extraction, self.tokens, self.scores, self.within)


class Outcome(_Part):
    """One question: its greedy and its sampled candidates, judged."""

    problem_id: str
    dataset: str
    domain: str
    question: str
    cluster: str  # the same for duplicate questions
    gold: str
    greedy: CandidateRow
    samples: tuple[CandidateRow, ...]
    scoring_prompt: str  # what a PRM reads before the chain

    @classmethod
    def of(
        cls,
        problem: Problem,
        greedy: CandidateRow,
        samples: Sequence[CandidateRow],
        scoring_prompt: str,
    ) -> Outcome:
        return cls(
            problem_id=problem.id,
            dataset=problem.dataset,
            domain=problem.domain,
            question=problem.question,
            cluster=cluster_of(problem),
            gold=str(problem.answer),
            greedy=greedy,
            samples=tuple(samples),
            scoring_prompt=scoring_prompt,
        )

    def rows(self, strategy: str) -> tuple[CandidateRow, ...]:
        """The candidates that `strategy` chooses among."""
        return (self.greedy,) if strategy == "greedy" else self.samples

    def decide(self, strategy: str) -> tuple[Selection, Verdict]:
        """The vote, and the verdict on its winner.

        Without a usable answer the verdict is the commonest reason among the candidates.
        """
        rows = self.rows(strategy)
        candidates = [row.candidate() for row in rows]
        selection = select(candidates, strategy)
        if selection.winner is None:
            reasons = Counter(row.verdict for row in rows)
            return selection, min(reasons, key=lambda verdict: (-reasons[verdict], verdict))
        return selection, rows[candidates.index(selection.winner)].verdict


class SystemHeader(_Part):
    """The first line of `eval/<system>.jsonl`. Seconds are wall time; that of
    generation is shared out between greedy and sampled chains by their tokens."""

    schema_version: Literal[1] = 1
    system: str
    kind: Literal["base", "round"]
    prompt_style: PromptStyle
    forced: bool = False  # `answering.force_answer`
    n_samples: int
    temperature: float | None = None  # of the sampled chains; None: a file from before this field
    seed: int
    engine: str
    scorer: str | None
    greedy_seconds: float
    sample_seconds: float
    score_seconds: float


class SystemEvaluation(_Part):
    """A system's outcomes, one per question."""

    header: SystemHeader
    outcomes: tuple[Outcome, ...]

    @property
    def name(self) -> str:
        return self.header.system

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        return tuple(outcome.cluster for outcome in self.outcomes)

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        return tuple(outcome.dataset for outcome in self.outcomes)

    def only(self, problem_ids: Collection[str]) -> SystemEvaluation:
        """The same evaluation with these problems alone."""
        kept = tuple(one for one in self.outcomes if one.problem_id in problem_ids)
        # Not `model_copy`: it would keep the clusters of the whole.
        return SystemEvaluation(header=self.header, outcomes=kept)

    def verdicts(self, strategy: str) -> list[Verdict]:
        """The verdict of every question, in the order of `outcomes`."""
        return [outcome.decide(strategy)[1] for outcome in self.outcomes]

    def correct(self, strategy: str) -> dict[str, bool]:
        """Problem id to whether it was answered right: what paired tests need."""
        ids = [outcome.problem_id for outcome in self.outcomes]
        verdicts = self.verdicts(strategy)
        return {i: v is Verdict.CORRECT for i, v in zip(ids, verdicts, strict=True)}

    def measurable(self, strategies: Sequence[str]) -> list[str]:
        """The strategies this evaluation can be read with: scored ones need a scorer."""
        return [s for s in strategies if self.header.scorer is not None or not needs_scores(s)]

    def cost(self, strategy: str) -> tuple[int, float]:
        """Generated tokens and wall seconds of answering every question with `strategy`."""
        tokens = sum(row.tokens for outcome in self.outcomes for row in outcome.rows(strategy))
        if strategy == "greedy":
            return tokens, self.header.greedy_seconds
        scoring = self.header.score_seconds if needs_scores(strategy) else 0.0
        return tokens, self.header.sample_seconds + scoring

    def said(self) -> dict[str, Any]:
        """What later stages depend on, as JSON: not the clock, nor the temperature, which shows in
        the chains and which files of earlier versions do not tell."""
        apart = {"greedy_seconds", "sample_seconds", "score_seconds", "temperature"}
        return self.model_dump(mode="json", exclude={"header": apart})

    def save(self, path: Path) -> None:
        """Write JSON lines: the header, then one question a line."""
        lines = [self.header, *self.outcomes]
        atomic.write_text(path, "".join(f"{line.model_dump_json()}\n" for line in lines))


def load_evaluation(path: Path) -> SystemEvaluation:
    """Read what `save` wrote; an `InputError` names the file, the line and the fault."""
    if not path.is_file():
        raise InputError(f"{path}: no such file", "run `meds3 evaluate` first")
    number = 0
    try:
        models: list[SystemHeader | Outcome] = []
        # Not `splitlines`: a text may hold U+2028, which JSON leaves as it is.
        for number, line in enumerate(path.read_text("utf-8").rstrip("\n").split("\n"), 1):
            model = SystemHeader if number == 1 else Outcome
            models.append(model.model_validate(json.loads(line)))
    except (json.JSONDecodeError, ValidationError) as error:
        raise InputError(f"{path} line {number}: {error}", "evaluate the system again") from error
    header, *outcomes = models
    return SystemEvaluation.model_validate({"header": header, "outcomes": outcomes})


def cluster_of(problem: Problem) -> str:
    """The same label for questions that differ at most in case, spacing and options."""
    text = " ".join(f"{problem.question} {problem.context or ''}".casefold().split())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
