"""A made-up run: three systems whose chains are right more often, round by round."""

from __future__ import annotations

import random
from functools import cache
from typing import Literal

from meds3.answers.kinds import Choice
from meds3.answers.verdict import Verdict
from meds3.evaluation import measure
from meds3.evaluation.baselines.commonest import label_baselines, label_evaluation
from meds3.evaluation.baselines.stated import against, by_dataset
from meds3.evaluation.baselines.words import word_evaluation
from meds3.evaluation.calibrating import calibrate
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.cost_curve import cost_curve
from meds3.evaluation.mirror_scores import mirror_rows
from meds3.evaluation.outcome import (
    CandidateRow,
    Outcome,
    SystemEvaluation,
    SystemHeader,
)
from meds3.evaluation.prm.quality import prm_quality
from meds3.evaluation.prm.step_agreement import RolledStep, agreement, open_steps, sample_steps
from meds3.evaluation.report.curves import LossCurve
from meds3.evaluation.report.examples import pick_examples
from meds3.evaluation.report.page import ReportData
from meds3.evaluation.results import (
    GateDecision,
    Results,
    RoundInfo,
    SearchStats,
    StageCost,
    TrainingMetrics,
)
from meds3.evaluation.results_parts import DatasetEntry, PrmQuality
from meds3.evaluation.slices import slice_rows
from meds3.problems.problem import Domain, Problem

CONFIG = EvaluationConfig(resamples=500)
OPTIONS = {"A": "amlodipine 5 mg", "B": "bisoprolol <2.5 mg", "C": "codeine", "D": "digoxin"}
PROBLEMS = [
    Problem(
        id=f"gym-{i:03}",
        dataset=f"gym-{list(Domain)[i % 5]}",
        domain=list(Domain)[i % 5],
        question=f"Case {i}: which drug slows the heart of a patient with asthma & pulse > 120?",
        context="Discharge note. <b>Pulse</b> 124/min." if i % 2 else None,
        options=OPTIONS,
        answer=Choice(letter="B", options=OPTIONS),
    )
    for i in range(100)
]


def candidate(right: bool | None, r: random.Random) -> CandidateRow:
    if right is None:
        return CandidateRow(
            answer=None,
            verdict=Verdict.UNPARSABLE,
            tokens=40,
            steps=("It depends.",),
            scores=(0.2,),
        )
    letter = "B" if right else r.choice("ACD")
    mean = 0.75 if right else 0.4
    return CandidateRow(
        answer=letter,
        verdict=Verdict.CORRECT if right else Verdict.WRONG,
        tokens=r.randint(40, 90),
        scores=tuple(min(1.0, max(0.0, r.gauss(mean, 0.2))) for _ in range(3)),
        matched=letter,
        steps=(
            "The pulse is above 120/min, so the heart should be slowed.",
            "A beta blocker would slow it; asthma asks for a selective one <script>.",
            f"The answer is {letter}.",
        ),
    )


def evaluation(
    name: str, skill: float, *, n: int = 8, scorer: str | None = "prm"
) -> SystemEvaluation:
    r = random.Random(name)
    kind: Literal["base", "round"] = "base" if name == "base" else "round"

    def one(p: float) -> CandidateRow:
        row = candidate(None if r.random() < 0.2 * (1 - skill) else r.random() < p, r)
        return row if scorer else row.model_copy(update={"scores": ()})

    outcomes = []
    for problem in PROBLEMS:
        p = r.betavariate(4 * skill, 4 * (1 - skill))
        outcomes.append(
            Outcome.of(problem, one(p), [one(p) for _ in range(n)], "<user>…<assistant>")
        )
    header = SystemHeader(
        system=name,
        kind=kind,
        prompt_style="worked-example" if kind == "base" else "bare",
        n_samples=n,
        seed=0,
        engine="made-up",
        scorer=scorer,
        greedy_seconds=8.2,
        sample_seconds=51.0,
        score_seconds=9.5 if scorer else 0.0,
    )
    return SystemEvaluation(header=header, outcomes=tuple(outcomes))


def quality(scored: SystemEvaluation, round_: int) -> PrmQuality:
    """What the PRM is worth, with made-up rollouts: half of what a step's score says."""
    r = random.Random(round_)
    rolled = [
        RolledStep(
            problem_id=step.problem_id,
            cluster=step.cluster,
            steps=step.texts,
            score=step.score,
            rollouts=8,
            correct=sum(r.random() < step.score / 2 for _ in range(8)),
            tokens=300,
        )
        for step in sample_steps(open_steps(scored), 40, 0)
    ]
    found = prm_quality(scored, round_, CONFIG)
    assert found is not None
    return found.model_copy(update={"steps": agreement(rolled, seed=0, resamples=200)})


@cache  # seconds of resampling; nothing changes it
def report_data() -> ReportData:
    base, first, second = (
        evaluation("base", 0.25),
        evaluation("round-1", 0.5),
        evaluation("round-2", 0.45),
    )
    systems = [base, first, second]
    gates = [
        measure.compare(first, "pvs", base, "pvs", CONFIG),
        measure.compare(second, "pvs", first, "pvs", CONFIG),
    ]
    rounds = [
        RoundInfo(
            number=i,
            search=SearchStats(
                trees=120,
                solved=71 + i,
                nodes=2400,
                rollouts=14000,
                rollouts_correct=5100,
                verified_chains=240,
                tokens=910_000,
                seconds=1900.0 / i,
                stopped_because={"enough correct finishes": 60, "max nodes": 40, "complete": 20},
                depths={1: 800, 2: 760, 3: 500, 4: 240, 5: 80, 6: 20},
                values=[900, 240, 160, 140, 120, 110, 90, 80, 120, 300],
            ),
            datasets={"sft": 412, "prm": 2100},
            training=[
                TrainingMetrics(
                    stage="sft", examples=412, first_loss=1.9, last_loss=1.2, seconds=140
                ),
                TrainingMetrics(
                    stage="prm", examples=2100, seconds=200, more={"held-out AUC": 0.81}
                ),
            ],
            gate=GateDecision(
                kept=i == 1,
                against=gates[i - 1].b.system,
                alpha=0.05,
                reason="no harm shown" if i == 1 else "the paired test shows harm",
                comparison=gates[i - 1],
            ),
        )
        for i in (1, 2)
    ]
    always = label_evaluation(PROBLEMS[:50], PROBLEMS)
    word_baseline = word_evaluation(PROBLEMS[:50], PROBLEMS)
    assert always is not None
    assert word_baseline is not None
    stages = ["search 1", "sft 1", "prm 1", "evaluate base", "evaluate 1", "search 2", "sft 2"]
    results = Results(
        run="made-up <run>",
        created="2026-01-01T12:00:00+00:00",
        meds3_version="0.1.0",
        preset="v2",
        hardware={"cpu": "2 cores", "memory GiB": 8},
        versions={"torch": "2.13.0"},
        config_digest="c" * 64,
        model="embedded",
        model_digest="d" * 64,
        beyond_paper=["merge_siblings"],
        data=[
            DatasetEntry(
                name=name,
                domains=("biomedical_qa",),
                licence="not recorded",
                seeds=50,
                heldout=100,
                rows={"sft": 412, "prm": 2100},
            )
            for name in ("gym-biomedical_qa", "ward | own")
        ],
        systems=[measure.system(s, CONFIG, kept=s.name != "round-2") for s in systems],
        rows=[row for s in systems for row in measure.rows(s, CONFIG)],
        comparisons=[
            measure.compare(first, "pvs", base, "majority", CONFIG),
            *gates,
            against(first, "pvs", always, CONFIG),
        ],
        majority_label=label_baselines(PROBLEMS[:50], always, CONFIG),
        bag_of_words=by_dataset(PROBLEMS[:50], word_baseline, CONFIG),
        prm_quality=[quality(first, 1), quality(second, 2)],
        reliability=[one for s in systems for one in calibrate(s, "pvs")[1]],
        cost_curve=[point for s in systems for point in cost_curve(s, CONFIG)],
        slices=[
            part for s in systems for part in slice_rows(s, {p.id: p for p in PROBLEMS}, CONFIG)
        ],
        mirrors=[row for s in systems for row in mirror_rows(s, {p.id: p for p in PROBLEMS})],
        by_domain=[g for s in systems for g in measure.by_domain(s, CONFIG)],
        by_dataset=[g for s in systems for g in measure.by_dataset(s, CONFIG)],
        rounds=rounds,
        stages=[
            StageCost(name=name, seconds=90.0 + 60 * i, tokens=0 if "sft" in name else 120_000)
            for i, name in enumerate(stages)
        ],
    )
    curves = [
        LossCurve(round=1, stage=stage, loss=[(1, 1.9), (2, 1.2)], heldout=[(2, 1.4)])
        for stage in ("sft", "prm")
    ]
    examples = pick_examples(first, "pvs", PROBLEMS)
    config = {"name": "made-up <run>", "search": {"c": 2.0}}
    return ReportData(results=results, examples=examples, curves=curves, config=config)
