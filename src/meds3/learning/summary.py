"""Counts for the report: what the search grew and what the trainings are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from meds3.learning.rows import Row


def row_counts(rows: Sequence[Row], depths: Sequence[int]) -> dict[str, Any]:
    """Rows, problems, rows by domain, by dataset and by `depths` (steps after Step 0)."""
    return {
        "rows": len(rows),
        "problems": len({row.problem_id for row in rows}),
        "by_domain": _sorted(Counter(row.domain.value for row in rows)),
        "by_dataset": _sorted(Counter(row.dataset for row in rows)),
        "by_depth": {str(depth): n for depth, n in sorted(Counter(depths).items())},
    }


def label_counts(labels: Sequence[Sequence[float | None]]) -> dict[str, int]:
    """Labelled steps: positive at 0.5 or more, negative below; and steps without a label."""
    flat = [label for chain in labels for label in chain]
    positives = sum(label is not None and label >= 0.5 for label in flat)
    unlabelled = sum(label is None for label in flat)
    negatives = len(flat) - positives - unlabelled
    return {"positives": positives, "negatives": negatives, "unlabelled": unlabelled}


_SHOWN = 20  # lines of a table: there may be an answer for every problem


def summary_page(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown of the summaries by file name: the counts, then a table for each breakdown."""
    parts = ["# Training data\n"]
    for name, summary in summaries.items():
        flat = {key: value for key, value in summary.items() if not isinstance(value, Mapping)}
        parts.append(f"## {name}\n\n{_table('', 'what', flat)}")
        for key, counts in summary.items():
            if isinstance(counts, Mapping) and counts:
                parts.append(_table(key, key.removeprefix("by_").replace("_", " "), counts))
    return "\n".join(parts)


def _table(title: str, what: str, counts: Mapping[str, Any]) -> str:
    lines = [f"| {what} | rows |", "|---|---:|"] if title else ["| | |", "|---|---:|"]
    shown = list(counts.items())[:_SHOWN]
    lines += [f"| {str(key).replace('|', '/')} | {value} |" for key, value in shown]
    if len(counts) > _SHOWN:
        lines.append(f"| … {len(counts) - _SHOWN} more | |")
    return "\n".join(lines) + "\n"


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
