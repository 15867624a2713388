"""What the figures about a PRM say, in tables for the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meds3.evaluation.report.quality_words import gain_of, signed, signed_points
from meds3.evaluation.results_parts import Gain, Measured, PrmQuality


@dataclass(frozen=True)
class Sheet:
    """A table for the page. The first `left` columns are text, the others figures."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left: int
    note: str = ""


def score_sheet(quality: Sequence[PrmQuality]) -> Sheet:
    """A line per round, system and chain score."""
    headings = (
        "PRM of", "on chains of", "score", "AUC, all pairs", "AUC, same question",
        "best-of-n − random", "of the room", "vote-sum − majority", "of the room",
    )  # fmt: skip
    rows = []
    for q in quality:
        for score in q.scores:
            best, vote = gain_of(q, f"best-of-n/{score.rule}"), gain_of(q, f"vote-sum/{score.rule}")
            rows.append(
                (
                    f"round {q.round}",
                    q.system,
                    score.rule,
                    _share(score.auc),
                    _share(score.auc_within),
                    signed_points(best.gain),
                    _room(best),
                    signed_points(vote.gain),
                    _room(vote),
                )
            )
    note = (
        "AUC: chance that a right chain scores above a wrong one, 0.5 is a coin; over all pairs it "
        "also counts telling easy questions from hard ones, which no vote can use. Gains in "
        "percentage points; the room is what a perfect choice among the same chains would gain."
    )
    return Sheet("By chain score", headings, rows, 3, note)


def length_sheet(quality: Sequence[PrmQuality]) -> Sheet:
    """A line per round, system, chain score and measure of length."""
    headings = (
        "PRM of", "on chains of", "score", "length in", "rank correlation", "among right",
        "among wrong", "chosen − mean length",
    )  # fmt: skip
    rows = [
        (
            f"round {q.round}",
            q.system,
            one.rule,
            f"{one.measure}{' ⚠' if one.alarm else ''}",
            signed(one.rho),
            signed(one.rho_right),
            signed(one.rho_wrong),
            f"{signed(one.chosen_extra)} of {one.mean_length:.1f}",
        )
        for q in quality
        for one in q.length
    ]
    note = (
        "Rank correlation of score and length within question and within verdict. ⚠: the interval "
        "leaves out 0, it is beyond ±0.2, and the run votes with this score. “min” and “product” "
        "fall with every further step by themselves."
    )
    return Sheet("Length", headings, rows, 4, note)


def group_sheet(quality: Sequence[PrmQuality]) -> Sheet:
    """A line per domain and dataset, under the score of P-VS."""
    headings = (
        "group", "PRM of", "on chains of", "n", "pairs", "AUC, same question",
        "best-of-n − random", "P-VS − majority",
    )  # fmt: skip
    rows = [
        (
            g.group,
            f"round {q.round}",
            q.system,
            str(g.n_questions),
            str(g.pairs),
            _share(g.auc_within),
            signed_points(g.best_gain),
            signed_points(g.vote_gain),
        )
        for q in quality
        for g in q.groups
    ]
    return Sheet("By domain and dataset", headings, rows, 3)


def _share(one: Measured | None) -> str:
    return "–" if one is None else f"{one.value:.2f} ({one.low:.2f} – {one.high:.2f})"


def _room(gain: Gain) -> str:
    return "–" if gain.room_taken is None else f"{100 * gain.room_taken:.0f}%"
