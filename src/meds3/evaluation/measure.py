"""From outcomes to the numbers of `results.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import TypedDict

from meds3.answers.verdict import Verdict
from meds3.errors import InputError
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.results import Comparison, Cost, GroupRow, Row, Side, System
from meds3.evaluation.statistics.inference import (
    bootstrap_mean,
    holm,
    paired,
    pass_at_k,
    standard_error,
    wilson,
)
from meds3.evaluation.statistics.macro import LARGE, macro_difference, macro_mean
from meds3.selection.rules import check_strategy


class _Drawn(TypedDict):
    """How a bootstrap draws."""

    seed: int
    resamples: int


def n_samples(evaluation: SystemEvaluation, strategy: str) -> int:
    """Chains per question under `strategy`."""
    return 1 if strategy == "greedy" else evaluation.header.n_samples


def system(evaluation: SystemEvaluation, config: EvaluationConfig, *, kept: bool = True) -> System:
    """The system's entry, with its unbiased pass@k."""
    right = [
        sum(row.verdict is Verdict.CORRECT for row in outcome.samples)
        for outcome in evaluation.outcomes
    ]
    n = evaluation.header.n_samples
    return System(
        name=evaluation.name,
        kind=evaluation.header.kind,
        kept=kept,
        prm=evaluation.header.scorer,
        pass_at_k={k: fmean(pass_at_k(n, c, k) for c in right) for k in config.pass_k if k <= n},
    )


def row(evaluation: SystemEvaluation, strategy: str, config: EvaluationConfig) -> Row:
    """One line of the table."""
    verdicts = evaluation.verdicts(strategy)
    counts = Counter(verdicts)
    n, right = len(verdicts), counts[Verdict.CORRECT]
    values = [float(verdict is Verdict.CORRECT) for verdict in verdicts]
    drawn: _Drawn = {"seed": config.seed, "resamples": config.resamples}
    estimate = bootstrap_mean(values, evaluation.clusters, **drawn)
    parts = values, evaluation.datasets, evaluation.clusters
    reference = wilson(right, n)
    chains = [one for outcome in evaluation.outcomes for one in outcome.rows(strategy)]
    tokens, seconds = evaluation.cost(strategy)
    return Row(
        system=evaluation.name,
        strategy=strategy,
        n_questions=n,
        n_samples=n_samples(evaluation, strategy),
        accuracy=estimate.value,
        standard_error=standard_error(values, evaluation.clusters),
        low=estimate.low,
        high=estimate.high,
        wilson_low=reference.low,
        wilson_high=reference.high,
        verdicts={verdict: counts[verdict] for verdict in Verdict},
        share_unparsable=counts[Verdict.UNPARSABLE] / n,
        share_candidates_unparsable=fmean(c.verdict is Verdict.UNPARSABLE for c in chains),
        tokens=tokens,
        seconds=seconds,
        prompt_style=evaluation.header.prompt_style,
        temperature=None if strategy == "greedy" else evaluation.header.temperature,
        seed=evaluation.header.seed,
        macro=macro_mean(*parts, **drawn),
        macro_large=macro_mean(*parts, least=LARGE, **drawn),
    )


def rows(evaluation: SystemEvaluation, config: EvaluationConfig) -> list[Row]:
    """A line per strategy that can be read from this evaluation."""
    return [row(evaluation, s, config) for s in evaluation.measurable(config.strategies)]


def by_domain(evaluation: SystemEvaluation, config: EvaluationConfig) -> list[GroupRow]:
    return by_group(evaluation, [o.domain for o in evaluation.outcomes], config)


def by_dataset(evaluation: SystemEvaluation, config: EvaluationConfig) -> list[GroupRow]:
    return by_group(evaluation, evaluation.datasets, config)


def by_group(
    evaluation: SystemEvaluation, labels: Sequence[str | None], config: EvaluationConfig
) -> list[GroupRow]:
    """A line per strategy and label; `labels` has one per question, None leaves it out."""
    found: list[GroupRow] = []
    for strategy in evaluation.measurable(config.strategies):
        right = list(evaluation.correct(strategy).values())
        for label in sorted({label for label in labels if label is not None}):
            members = [i for i, one in enumerate(labels) if one == label]
            values = [float(right[i]) for i in members]
            clusters = [evaluation.clusters[i] for i in members]
            estimate = bootstrap_mean(
                values, clusters, seed=config.seed, resamples=config.resamples
            )
            reference = wilson(int(sum(values)), len(values))
            found.append(
                GroupRow(
                    group=label,
                    system=evaluation.name,
                    strategy=strategy,
                    n_questions=len(members),
                    accuracy=estimate.value,
                    low=estimate.low,
                    high=estimate.high,
                    standard_error=standard_error(values, clusters),
                    wilson_low=reference.low,
                    wilson_high=reference.high,
                )
            )
    return found


def compare(
    a: SystemEvaluation,
    a_strategy: str,
    b: SystemEvaluation,
    b_strategy: str,
    config: EvaluationConfig,
) -> Comparison:
    """a with `a_strategy` against b with `b_strategy`, paired on the same questions.

    Raises `InputError` when the two were not asked the same questions.
    """
    right_a, right_b = a.correct(check_strategy(a_strategy)), b.correct(check_strategy(b_strategy))
    if right_a.keys() != right_b.keys():
        odd = sorted(right_a.keys() ^ right_b.keys())
        raise InputError(
            f"{a.name} and {b.name} were not asked the same questions: {len(odd)} differ, "
            f"first {odd[0]!r}",
            "evaluate both on the same problems",
        )
    ids = list(right_a)
    drawn: _Drawn = {"seed": config.seed, "resamples": config.resamples}
    test = paired([right_a[i] for i in ids], [right_b[i] for i in ids], a.clusters, **drawn)
    gains = [float(right_a[i]) - float(right_b[i]) for i in ids]
    parts = gains, a.datasets, a.clusters
    return Comparison(
        a=_side(a, a_strategy, [right_a[i] for i in ids]),
        b=_side(b, b_strategy, [right_b[i] for i in ids]),
        n=test.n,
        difference=test.difference,
        low=test.low,
        high=test.high,
        p_mcnemar=test.p_mcnemar,
        only_a=test.only_a,
        only_b=test.only_b,
        macro=macro_difference(*parts, **drawn),
        macro_large=macro_difference(*parts, least=LARGE, **drawn),
    )


def _side(evaluation: SystemEvaluation, strategy: str, right: Sequence[bool]) -> Side:
    tokens, seconds = evaluation.cost(strategy)
    return Side(
        system=evaluation.name,
        strategy=strategy,
        n_samples=n_samples(evaluation, strategy),
        accuracy=fmean(right),
        cost=Cost(tokens=tokens, seconds=seconds),
    )


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same with `p_holm`: the family is what stands in one table."""
    found = holm([one.p_mcnemar for one in comparisons])
    return [one.model_copy(update={"p_holm": p}) for one, p in zip(comparisons, found, strict=True)]
