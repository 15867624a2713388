"""Rate and time left, as lines of a log: also right for a stage that was resumed."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from meds3.cli.watch import Watch


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def watch(clock: _Clock, out: io.StringIO) -> Iterator[Watch]:
    console = Console(file=out, width=200, get_time=clock, force_terminal=False)
    with Watch(console) as found:
        yield found


def test_work_that_was_done_before_is_no_rate(
    watch: Watch, clock: _Clock, out: io.StringIO
) -> None:
    watch.stage("round-1/prm", "started")
    clock.now = 11
    watch.progress(227, 300, "steps", "loss 0.6")
    assert out.getvalue().splitlines() == [
        "round-1/prm started",
        "  round-1/prm: 227/300 steps, no rate yet, 0:00:11 so far; loss 0.6",
    ]
    for step in range(228, 234):
        clock.now += 2
        watch.progress(step, 300, "steps")
    assert out.getvalue().splitlines()[2:] == [
        "  round-1/prm: 232/300 steps, 30.0/min, 0:00:21 so far, about 0:02:16 left"
    ]


def test_each_stage_has_its_own_rate_and_no_line_comes_twice_in_ten_seconds(
    watch: Watch, clock: _Clock, out: io.StringIO
) -> None:
    watch.stage("search", "started")
    for second in range(1, 25):
        clock.now += 1
        watch.progress(10.0 * second, 1000, "nodes")
    watch.stage("sft", "started")
    clock.now += 1
    watch.progress(1, 10, "steps")
    assert [x for x in out.getvalue().splitlines() if x.startswith("  ")] == [
        "  search: 100/1000 nodes, 10.0/s, 0:00:10 so far, about 0:01:30 left",
        "  search: 200/1000 nodes, 10.0/s, 0:00:20 so far, about 0:01:20 left",
    ]


def test_a_note_may_look_like_markup(watch: Watch, clock: _Clock, out: io.StringIO) -> None:
    clock.now = 20
    watch.progress(1, 2, "trees", "[/round] 3 solved")
    assert "[/round] 3 solved" in out.getvalue()
