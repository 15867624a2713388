"""A suite is asked once: after a kill, with more questions, with other strategies."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from meds3.errors import EngineError, InputError
from meds3.evaluation.results import Results, read_results
from meds3.evolution.suites.asking import Request, ask_suite
from tests.evolution.suites.conftest import Asking, Counted, Quiet, write_exam


async def ask(request: Request) -> Results:
    return await ask_suite(request, Quiet())


def measured(results: Results) -> dict[str, Any]:
    """The results without when they were made and what they took."""
    body = results.model_dump(mode="json")
    for row in (*body["rows"], *body["cost_curve"]):
        row.pop("seconds")
    for comparison in body["comparisons"]:
        for side in ("a", "b"):
            comparison[side].pop("cost")
    return {key: body[key] for key in body if key not in ("created", "stages")}


async def test_every_benchmark_is_asked_and_told(request_of: Asking, engine: Counted) -> None:
    request = request_of()
    results = await ask(request)
    assert engine.calls == 2 * 10  # samples in one call, and greedy
    assert [(b.name, b.n_read, b.n_asked) for b in results.benchmarks] == [
        ("east", 6, 6),
        ("west", 4, 4),
    ]
    assert {g.group for g in results.by_dataset} == {"east", "west"}
    assert {row.strategy for row in results.rows} == {"greedy", "majority"}
    assert read_results(request.out / "results.json") == results
    assert "east" in (request.out / "report.html").read_text()


@pytest.mark.parametrize("die_after", [1, 7, 13])
async def test_a_kill_in_the_middle_costs_no_answer_twice(
    request_of: Asking, engine: Counted, die_after: int, tmp_path: Path
) -> None:
    whole = measured(await ask(request_of()))
    (tmp_path / "out").rename(tmp_path / "whole")
    engine.calls, engine.die_after = 0, die_after
    with pytest.raises(EngineError, match="killed"):
        await ask(request_of())
    engine.calls, engine.die_after = 0, None
    resumed = await ask(request_of())
    assert engine.calls == 20 - die_after
    assert measured(resumed) == whole


async def test_what_is_finished_is_not_asked_again(request_of: Asking, engine: Counted) -> None:
    first = await ask(request_of())
    engine.calls = 0
    again = await ask(request_of(strategies=("majority",)))
    assert engine.calls == 0
    assert {row.strategy for row in again.rows} == {"majority"}
    assert {row.strategy for row in first.rows} == {"greedy", "majority"}


async def test_a_larger_limit_adds_questions(request_of: Asking, engine: Counted) -> None:
    few = await ask(request_of(limit=2))
    assert [b.n_asked for b in few.benchmarks] == [2, 2]
    engine.calls = 0
    more = await ask(request_of(limit=4))
    assert [b.n_asked for b in more.benchmarks] == [4, 4]
    assert engine.calls == 2 * 4  # of eight questions four were known


async def test_another_model_or_another_way_needs_another_folder(
    request_of: Asking, engine: Counted
) -> None:
    await ask(request_of())
    for changed in ({"digest": "e" * 64}, {"n": 2}):
        with pytest.raises(InputError, match="--out DIR"):
            await ask(request_of(**changed))


async def test_a_missing_file_is_told_before_anything_is_asked(
    request_of: Asking, engine: Counted, tmp_path: Path
) -> None:
    here = write_exam(tmp_path / "here.jsonl", 3)
    benchmarks = [
        {"name": "here", "source": {"kind": "jsonl", "path": str(here)}},
        {"name": "gone", "source": {"kind": "jsonl", "path": "gone.jsonl"}, "get": "ask the ward"},
    ]
    with pytest.raises(InputError, match="ask the ward"):
        await ask(request_of(benchmarks=benchmarks))
    assert engine.calls == 0
    results = await ask(request_of(benchmarks=benchmarks, skip_missing=True))
    assert [(b.name, bool(b.missing)) for b in results.benchmarks] == [
        ("here", False),
        ("gone", True),
    ]


async def test_other_questions_under_the_same_name_are_refused(
    request_of: Asking, engine: Counted, tmp_path: Path
) -> None:
    exam = write_exam(tmp_path / "exam.jsonl", 3)
    digest = hashlib.sha256(exam.read_bytes()).hexdigest()
    benchmarks = [
        {"name": "exam", "source": {"kind": "jsonl", "path": str(exam)}, "sha256": digest}
    ]
    assert (await ask(request_of(benchmarks=benchmarks))).benchmarks[0].file_sha256 == digest
    write_exam(exam, 4)
    with pytest.raises(InputError, match="other questions"):
        await ask(request_of(benchmarks=benchmarks))
    changed = await ask(request_of(benchmarks=benchmarks, accept_changed=True))
    assert changed.benchmarks[0].n_asked == 4


async def test_the_same_questions_in_another_order(request_of: Asking, engine: Counted) -> None:
    results = await ask(request_of(orders=2))
    assert {(o.dataset, o.orders) for o in results.option_order} == {("east", 3), ("west", 3)}
    assert [b.n_asked for b in results.benchmarks] == [6, 4]  # orders are not questions
    assert engine.calls == 2 * 10 * 3


async def test_the_folder_of_a_training_run_is_left_alone(
    request_of: Asking, engine: Counted, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text(json.dumps({"config": {"name": "x"}}))
    with pytest.raises(InputError, match="training run"):
        await ask(request_of())
