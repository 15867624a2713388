"""Where a suite is asked from, as `--set` says it."""

from __future__ import annotations

import pytest

from meds3.errors import InputError
from meds3.evolution.suites.workers import workers_of


def test_workers_are_told_apart_from_the_answering() -> None:
    ray, rest = workers_of(["n=4", "executor=ray", "ray.workers=8", "engine.threads=2"])
    assert ray is not None
    assert ray.workers == 8
    assert rest == ["n=4", "engine.threads=2"]


def test_without_them_this_process_asks() -> None:
    assert workers_of(["n=4"]) == (None, ["n=4"])
    assert workers_of(["executor=local"]) == (None, [])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["ray.workers=8"], "ray.workers=8: there are no workers"),
        (["executor=rya"], "executor"),
        (["executor=ray", "ray.wokers=8"], "workers"),
        (["executor=ray", "ray.workers=0"], "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_told(given: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        workers_of(given)
