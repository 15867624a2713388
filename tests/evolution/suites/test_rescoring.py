"""Kept candidates scored once more: another PRM, today's rules; no file is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Chain
from meds3.errors import InputError
from meds3.evaluation.kept import kept_evaluation, kept_files
from meds3.evaluation.outcome import load_evaluation
from meds3.evolution.suites import rescoring
from meds3.evolution.suites.asking import ask_suite
from meds3.evolution.suites.rescoring import check_label, rescore_kept
from meds3.rewards.config import ScorerConfig
from meds3.runs.directory import RunDirectory
from tests.evolution.suites.conftest import Asking, Counted, Quiet

KINDS: list[str] = []  # of the scorers that were asked for


class Flat:
    """A scorer that likes every step the same."""

    name = "flat"

    def __init__(self, path: Path, config: ScorerConfig, log: Path) -> None:
        KINDS.append(config.kind)

    async def score(self, prompt: str, chains: list[Chain]) -> list[list[float]]:
        return [[0.5] * (len(chain.steps) - 1) for chain in chains]

    async def close(self) -> None: ...


@pytest.fixture
async def asked(request_of: Asking, engine: Counted, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a suite that was asked."""
    monkeypatch.setattr(rescoring, "build_scorer", Flat)
    request = request_of()
    await ask_suite(request, Quiet())
    engine.calls = 0
    return request.out


async def test_another_prm_makes_a_system_beside_the_first(
    asked: Path, engine: Counted, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in (asked / "eval").iterdir()}
    found = await rescore_kept(asked, "flat", Quiet(), prm=tmp_path)
    assert engine.calls == 0
    assert {path.name for path in found.files} == {"east@flat.jsonl", "west@flat.jsonl"}
    assert all(path.read_bytes() == body for path, body in before.items())
    scored = load_evaluation(asked / "eval" / "east@flat.jsonl")
    assert (scored.name, scored.header.scorer) == ("scripted@flat", "flat")
    assert {row.scores for o in scored.outcomes for row in o.samples} == {(0.5,)}
    assert found.results is not None
    assert {s.name for s in found.results.systems} == {"scripted", "scripted@flat"}
    # The files that are read are those of the first asking, however often they were scored.
    again = await rescore_kept(asked, "twice", Quiet(), prm=tmp_path)
    assert {path.name for path in again.files} == {"east@twice.jsonl", "west@twice.jsonl"}


async def test_the_scorer_that_is_configured_reads_the_prm(asked: Path, tmp_path: Path) -> None:
    KINDS.clear()
    await rescore_kept(asked, "one", Quiet(), prm=tmp_path)
    served = ["scorer.kind=pooling", "scorer.base_urls=[http://127.0.0.1:8001]"]
    await rescore_kept(asked, "two", Quiet(), prm=tmp_path, overrides=served)
    assert KINDS == ["torch", "pooling"]
    with pytest.raises(InputError, match="scorer"):
        await rescore_kept(asked, "three", Quiet(), prm=tmp_path, overrides=["engine.kind=vllm"])


async def test_rules_of_today_judge_kept_text(asked: Path) -> None:
    path = asked / "eval" / "east.jsonl"
    evaluation = load_evaluation(path)
    outcome = evaluation.outcomes[0]
    wrong = outcome.greedy.model_copy(update={"verdict": Verdict.REFUSED, "answer": None})
    changed = outcome.model_copy(update={"greedy": wrong})
    evaluation.model_copy(update={"outcomes": (changed, *evaluation.outcomes[1:])}).save(path)
    found = await rescore_kept(path, "today", Quiet(), rules=True)
    assert sum(found.changes.values()) == 1
    assert next(iter(found.changes))[0] is Verdict.REFUSED
    assert (
        found.evaluations[0].outcomes
        == load_evaluation(path.with_name("east@today.jsonl")).outcomes
    )
    assert found.evaluations[0].outcomes[0].greedy.verdict is outcome.greedy.verdict


async def test_to_read_with_other_strategies_writes_no_candidates(asked: Path) -> None:
    before = {path.name for path in (asked / "eval").iterdir()}
    found = await rescore_kept(asked, "x", Quiet())
    assert found.files == []
    assert {path.name for path in (asked / "eval").iterdir()} == before


@pytest.mark.parametrize("label", ["prm", "prm-2", "a/b", "", "a b"])
def test_a_label_that_would_be_mistaken_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="--label"):
        check_label(label)


async def test_kept_candidates_are_found_by_run_system_or_file(asked: Path, tmp_path: Path) -> None:
    await rescore_kept(asked, "flat", Quiet(), prm=tmp_path)
    whole = kept_evaluation(str(asked))
    assert (whole.name, len(whole.outcomes)) == ("scripted", 10)
    assert kept_evaluation(f"{asked}:scripted@flat").header.scorer == "flat"
    assert len(kept_evaluation(str(asked / "eval" / "west.jsonl")).outcomes) == 4
    assert [path.stem for path in kept_files(RunDirectory(asked))] == ["east", "west"]
    with pytest.raises(InputError, match=r"it holds: scripted, scripted@flat"):
        kept_evaluation(f"{asked}:round-9")
    with pytest.raises(InputError, match="not a run directory"):
        kept_evaluation(str(tmp_path / "nothing"))
