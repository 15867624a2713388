"""Counts for the report: what the search grew and what the trainings are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from meds3.learning.rows import Row


def row_counts(rows: Sequence[Row], depths: Sequence[int]) -> dict[str, Any]:
    """Rows, problems, rows by domain, rows by `depths` (steps after Step 0)."""
    return {
        "rows": len(rows),
        "problems": len({row.problem_id for row in rows}),
        "by_domain": _sorted(Counter(row.domain.value for row in rows)),
        "by_depth": {str(depth): n for depth, n in sorted(Counter(depths).items())},
    }


def label_counts(labels: Sequence[Sequence[float | None]]) -> dict[str, int]:
    """Labelled steps: positive at 0.5 or more, negative below; and steps without a label."""
    flat = [label for chain in labels for label in chain]
    positives = sum(label is not None and label >= 0.5 for label in flat)
    unlabelled = sum(label is None for label in flat)
    negatives = len(flat) - positives - unlabelled
    return {"positives": positives, "negatives": negatives, "unlabelled": unlabelled}


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
