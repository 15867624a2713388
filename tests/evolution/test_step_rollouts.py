"""Steps of held-out chains rolled out afresh: paid once, resumed, told in results and report."""

from __future__ import annotations

from pathlib import Path

import pytest

from meds3.answers.verdict import Verdict
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError
from meds3.evaluation.measure import compare
from meds3.evaluation.outcome import CandidateRow, Outcome, SystemEvaluation, SystemHeader
from meds3.evaluation.results import GateDecision, RoundInfo, read_results
from meds3.evaluation.results_parts import PrmQuality, StepAgreement
from meds3.evolution.plan import plan
from meds3.evolution.publish import publish
from meds3.evolution.state import Evolution
from meds3.evolution.step_rollouts import measure_prm, stage_name, step_agreement
from meds3.runs.journal import Journal
from tests.evolution.small_run import (
    HELDOUT,
    POLICY,
    config,
    with_state,
)


def says(prompt: str, sampling: Sampling, index: int) -> str:
    """After a good step 6 of 8 are right, after a bad one 2 of 8."""
    good = "A good thought." in prompt.rsplit("assistant:", 1)[1]
    return f" So. The answer is {'yes' if index < (6 if good else 2) else 'no'}."


def candidate(first: str, score: float, label: str) -> CandidateRow:
    right = label == "yes"
    return CandidateRow(
        answer=label,
        verdict=Verdict.CORRECT if right else Verdict.WRONG,
        tokens=12,
        scores=(score, 0.9 if right else 0.2),
        steps=(first, f"The answer is {label}."),
    )


def scored(name: str, two_steps: bool = True) -> SystemEvaluation:
    """Every chain begins with a good step scored .8 or a bad one scored .3."""
    samples = (
        candidate("A good thought.", 0.8, "yes"),
        candidate("A bad thought.", 0.3, "no"),
        candidate("A good thought.", 0.8, "yes"),
    )
    if not two_steps:
        samples = tuple(
            row.model_copy(update={"steps": row.steps[1:], "scores": row.scores[1:]})
            for row in samples
        )
    outcomes = tuple(
        Outcome(
            problem_id=p.id,
            dataset=p.dataset,
            domain=p.domain,
            question=p.question,
            cluster=p.id,
            gold="yes",
            greedy=samples[0],
            samples=samples,
            scoring_prompt="",
        )
        for p in HELDOUT
    )
    header = SystemHeader(
        system=name,
        kind="base" if name == "base" else "round",
        prompt_style="bare",
        n_samples=3,
        seed=0,
        engine="scripted",
        scorer="prm",
        greedy_seconds=1.0,
        sample_seconds=3.0,
        score_seconds=1.0,
    )
    return SystemEvaluation(header=header, outcomes=outcomes)


async def agreed(state: Evolution, two_steps: bool = True) -> StepAgreement | None:
    return await step_agreement(state, 1, POLICY, scored("round-1", two_steps))


async def test_scores_meet_what_the_policy_reaches_from_the_step(tmp_path: Path) -> None:
    engine = ScriptedEngine(says)
    found, _ = await with_state(tmp_path, engine, agreed, step_rollouts=100)
    assert isinstance(found, StepAgreement)
    assert (found.steps, found.questions) == (24, 12)  # two distinct steps a question
    assert found.rollouts_per_step == 8
    assert engine.calls == 24
    assert found.mean_value == pytest.approx((6 / 8 + 2 / 8) / 2)
    assert found.error.value == pytest.approx((0.05 + 0.05) / 2)
    assert [b.value.value for b in found.bins] == [0.25, 0.25, 0.75, 0.75]
    assert found.rho is not None
    assert found.rho.value == pytest.approx(1.0)


async def test_rollouts_go_on_from_the_step_as_the_policy_answers(tmp_path: Path) -> None:
    seen: list[tuple[str, Sampling]] = []

    def listen(prompt: str, sampling: Sampling, index: int) -> str:
        seen.append((prompt, sampling))
        return says(prompt, sampling, index)

    engine = ScriptedEngine(listen)
    await with_state(tmp_path, engine, agreed, step_rollouts=24, rollouts_per_step=3)
    assert len(seen) == 24 * 3
    for prompt, sampling in seen:
        assert prompt.endswith((" good thought.\n\nStep 2:", " bad thought.\n\nStep 2:"))
        assert "Step 0: Let's break down this problem step by step.\n\nStep 1: A " in prompt
        assert (sampling.n, sampling.temperature, sampling.max_tokens) == (3, 0.8, 384)
        assert not sampling.stop
    assert len({sampling.seed for _, sampling in seen}) == 24  # no two steps share a draw


async def test_a_killed_stage_pays_only_for_what_is_missing(tmp_path: Path) -> None:
    dying = ScriptedEngine(says, fail_after=9)
    with pytest.raises(EngineError, match="as told"):
        await with_state(tmp_path, dying, agreed, step_rollouts=20)
    again = ScriptedEngine(says)
    found, _ = await with_state(tmp_path, again, agreed, step_rollouts=20)
    assert found.steps == 20
    assert again.calls == 20 - 9
    idle = ScriptedEngine(says)
    same, quiet = await with_state(tmp_path, idle, agreed, step_rollouts=20)
    assert (idle.calls, same) == (0, found)
    assert quiet.said == [(stage_name(1), "already done")]
    # More steps take over those that were rolled out already.
    more = ScriptedEngine(says)
    await with_state(tmp_path, more, agreed, step_rollouts=24)
    assert more.calls == 4
    with Journal(tmp_path / "small" / "journal.sqlite", read_only=True) as journal:
        assert journal.call_totals()["eval/round-1/step-rollouts"]["calls"] == 24


async def test_off_means_no_call_and_no_step_is_said(tmp_path: Path) -> None:
    engine = ScriptedEngine(says)
    found, quiet = await with_state(tmp_path, engine, agreed)
    assert (found, engine.calls, quiet.said) == (None, 0, [])

    async def one_step(state: Evolution) -> StepAgreement | None:
        return await agreed(state, two_steps=False)

    found, quiet = await with_state(tmp_path, engine, one_step, step_rollouts=5)
    assert (found, engine.calls) == (None, 0)
    assert "skipped: no chain has a step" in quiet.said[0][1]


def test_a_run_may_be_measured_more_closely_but_not_otherwise(tmp_path: Path) -> None:
    plain = config(tmp_path)
    assert config(tmp_path, step_rollouts=60, rollouts_per_step=4).science() == plain.science()
    assert config(tmp_path, seed=1).science() != plain.science()


def test_the_plan_has_the_stage(tmp_path: Path) -> None:
    names = [stage.name for stage in plan(config(tmp_path)).stages]
    assert stage_name(1) not in names
    (stage,) = [
        s for s in plan(config(tmp_path, step_rollouts=60)).stages if s.name == stage_name(1)
    ]
    assert stage.calls == 60
    assert stage.tokens >= 60 * 8


async def test_results_and_report_tell_what_was_measured(tmp_path: Path) -> None:
    base, new = scored("base"), scored("round-1")

    async def publish_it(state: Evolution) -> list[PrmQuality]:
        quality = await measure_prm(state, 1, POLICY, {"base": base, "round-1": new})
        gate = GateDecision(
            kept=True,
            against="base",
            alpha=0.05,
            reason="no harm",
            comparison=compare(new, "pvs", base, "pvs", state.config.evaluation),
        )
        rounds = [RoundInfo(number=1, gate=gate)]
        folder = state.run.round(1)
        folder.mkdir()
        (folder / "sft.metrics.jsonl").write_text(
            '{"step": 1, "loss": 1.5}\n{"step": 2, "loss": 1}'
        )
        publish(state, rounds, {"base": base, "round-1": new}, set(), quality)
        return quality

    quality, _ = await with_state(tmp_path, ScriptedEngine(says), publish_it, step_rollouts=24)
    assert [(q.system, q.steps is not None) for q in quality] == [
        ("base", False),
        ("round-1", True),
    ]
    results = read_results(tmp_path / "small" / "results.json")
    assert results.prm_quality == quality
    assert [(one.dataset, one.answer) for one in results.majority_label] == [
        ("set-0", "yes"),
        ("set-1", "yes"),
    ]
    assert [s.name for s in results.stages] == [stage_name(1)]
    assert results.stages[0].tokens == 24 * 8 * 6
    assert [(one.dataset, one.accuracy) for one in results.bag_of_words] == [
        ("set-0", 1.0),
        ("set-1", 1.0),
    ]
    last, words = results.comparisons[-2:]
    assert (last.b.system, last.b.accuracy, last.n) == ("majority-label", 1.0, 12)
    assert (words.b.system, words.b.accuracy, words.n) == ("bag-of-words", 1.0, 12)
    assert last.macro is not None
    assert results.rows[0].macro is not None
    page = (tmp_path / "small" / "report.html").read_text("utf-8")
    for text in ("What the PRM is worth", "24 steps × 8 rollouts", "round 1, sft", "always “yes”"):
        assert text in page
    within = quality[1].scores[0].auc_within
    assert within is not None
    assert within.value == 1.0


async def test_a_base_without_scores_is_compared_by_what_it_has(tmp_path: Path) -> None:
    """As after a gate on counted votes: only the new policy went through the PRM."""
    base, new = scored("base"), scored("round-1")
    header = base.header.model_copy(update={"scorer": None})
    bare = [
        outcome.model_copy(
            update={"samples": tuple(r.model_copy(update={"scores": ()}) for r in outcome.samples)}
        )
        for outcome in base.outcomes
    ]
    base = SystemEvaluation(header=header, outcomes=tuple(bare))

    async def publish_it(state: Evolution) -> None:
        test = compare(new, "majority", base, "majority", state.config.evaluation)
        gate = GateDecision(kept=True, against="base", alpha=0.05, reason="-", comparison=test)
        state.run.round(1).mkdir()
        rounds = [RoundInfo(number=1, gate=gate)]
        publish(state, rounds, {"base": base, "round-1": new}, set(), [])

    await with_state(tmp_path, ScriptedEngine(says), publish_it)
    results = read_results(tmp_path / "small" / "results.json")
    told = {(c.a.system, c.a.strategy, c.b.system, c.b.strategy) for c in results.comparisons}
    assert ("round-1", "pvs", "base", "majority") in told
    assert ("round-1", "pvs", "base", "pvs") not in told
    assert {row.strategy for row in results.rows if row.system == "base"} == {"greedy", "majority"}
