"""The base model asked in several ways: a policy must beat the best of them, not the worst."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from meds3.answering.config import AnsweringConfig, PromptStyle
from meds3.answering.prompting import Shots
from meds3.evolution.config import RunConfig
from meds3.evolution.policies import BASE, Policy
from meds3.problems.problem import Problem
from meds3.runs.digest import digest_of

# What the base is called in results when it is asked so. `bare` is how trained policies are asked.
BASELINES: dict[PromptStyle, str] = {
    "bare": BASE,
    "worked-example": f"{BASE}-example",
    "direct": f"{BASE}-direct",
    "direct-shots": f"{BASE}-shots",
    "option-shots": f"{BASE}-option-shots",
}


def base_systems(styles: Sequence[PromptStyle]) -> dict[str, PromptStyle]:
    """What the base is called when it is asked bare and in each of `styles`."""
    return {BASELINES[style]: style for style in ("bare", *styles)}


def measured_as(config: RunConfig, policy: Policy, style: PromptStyle) -> AnsweringConfig:
    """How `policy` is asked what measures it: the base at its own temperature, if it has one."""
    changes: dict[str, object] = {"style": style}
    if policy.is_base and config.evaluation.base_temperature is not None:
        changes["temperature"] = config.evaluation.base_temperature
    return config.answering.model_copy(update=changes)


def solved_shots(seeds: Sequence[Problem], count: int, seed: int) -> Shots:
    """`count` seeds of each dataset, to be shown with their answers; drawn by digest.

    Answers that differ come first, so that the shown labels do not all say the same.
    """
    by_dataset: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in sorted(seeds, key=lambda p: digest_of(["shot", seed, p.id])):
        by_dataset[problem.dataset].append(problem)
    return {name: _varied(rows)[:count] for name, rows in by_dataset.items()}


def _varied(problems: Sequence[Problem]) -> list[Problem]:
    seen: set[str] = set()
    fresh: list[Problem] = []
    alike: list[Problem] = []
    for problem in problems:
        answer = str(problem.answer)
        (alike if answer in seen else fresh).append(problem)
        seen.add(answer)
    return fresh + alike
