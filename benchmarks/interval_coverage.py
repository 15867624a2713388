"""How often a 95% interval holds the true accuracy: our bootstrap beside Wilson's interval.

    python benchmarks/interval_coverage.py --simulations 4000

For every number of questions and true accuracy, sets of answers are simulated and each interval is
asked whether it holds the truth. *Independent*: every question by itself. *Clustered*: duplicates
in groups of 1, 2, 3 and 4 whose answers go together (beta-binomial, intra-cluster correlation
0.5). The intervals are those of `meds3.evaluation`: the percentile bootstrap over clusters, the
same without regard to clusters, and Wilson's. Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from meds3.evaluation.statistics.inference import wilson
from meds3.evaluation.statistics.resampling import Matrix, Resamples, with_interval

QUESTIONS = (23, 100, 1000)
ACCURACIES = (0.1, 0.3, 0.5, 0.7, 0.9)
CORRELATION = 0.5
METHODS = ("bootstrap, clusters", "bootstrap, plain", "Wilson")
_BATCH = 200  # simulations that share their bootstrap draws


def labels_of(questions: int, clustered: bool) -> list[int]:
    """The cluster of each question: all different, or groups of 1, 2, 3, 4, 1, …"""
    if not clustered:
        return list(range(questions))
    sizes = itertools.cycle((1, 2, 3, 4))
    found: list[int] = []
    for cluster in itertools.count():
        found += [cluster] * next(sizes)
        if len(found) >= questions:
            return found[:questions]
    raise AssertionError


def answers(
    labels: list[int], accuracy: float, count: int, rng: np.random.Generator, clustered: bool
) -> Matrix:
    """0 or 1, of shape (questions, count)."""
    index = np.array(labels)
    chance = np.full((index.max() + 1, count), accuracy)
    if clustered:
        strength = 1 / CORRELATION - 1  # a + b of the beta distribution
        a, b = accuracy * strength, (1 - accuracy) * strength
        chance = rng.beta(a, b, size=chance.shape)
    return (rng.random((len(labels), count)) < chance[index]).astype(np.float64)


def intervals(
    right: Matrix, labels: list[int], seed: int, resamples: int
) -> Iterator[tuple[float, float]]:
    """The 95% percentile interval of each column's mean: what `bootstrap_mean` gives."""
    drawn = Resamples(labels, seed=seed, resamples=resamples)
    sizes = drawn.totals(np.ones((len(labels), 1)))
    means = drawn.totals(right) / sizes
    for column, value in zip(means.T, right.mean(axis=0), strict=True):
        found = with_interval(float(value), column)
        yield found.low, found.high


def coverage(
    questions: int, accuracy: float, clustered: bool, simulations: int, resamples: int, seed: int
) -> dict[str, float]:
    """By method the share of simulations whose interval holds `accuracy`."""
    rng = np.random.default_rng([seed, questions, round(1000 * accuracy), clustered])
    labels = labels_of(questions, clustered)
    held = dict.fromkeys(METHODS, 0)
    for start in range(0, simulations, _BATCH):
        right = answers(labels, accuracy, min(_BATCH, simulations - start), rng, clustered)
        kinds = {"bootstrap, clusters": labels, "bootstrap, plain": list(range(questions))}
        for method, by in kinds.items():
            if method == "bootstrap, plain" and not clustered:
                held[method] = held["bootstrap, clusters"]  # the same thing
                continue
            found = intervals(right, by, seed + start, resamples)
            held[method] += sum(low <= accuracy <= high for low, high in found)
        for count in right.sum(axis=0):
            one = _wilson(int(count), questions)
            held["Wilson"] += one.low <= accuracy <= one.high
    return {method: count / simulations for method, count in held.items()}


_wilson = lru_cache(wilson)  # the same counts come again and again


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=4000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    began = time.process_time()
    rows = []
    print(f"| answers | n | {' | '.join(f'{m}: {p:.0%}' for m in METHODS for p in ACCURACIES)} |")
    print(f"|---|---|{'---|' * len(METHODS) * len(ACCURACIES)}")
    for clustered, questions in itertools.product((False, True), QUESTIONS):
        found = [
            coverage(questions, p, clustered, args.simulations, args.resamples, args.seed)
            for p in ACCURACIES
        ]
        kind = "clustered" if clustered else "independent"
        cells = [f"{100 * one[method]:.1f}" for method in METHODS for one in found]
        print(f"| {kind} | {questions} | {' | '.join(cells)} |", flush=True)
        rows += [
            {"answers": kind, "n": questions, "accuracy": p, **one}
            for p, one in zip(ACCURACIES, found, strict=True)
        ]
    seconds = time.process_time() - began
    told = {"benchmark": "interval_coverage", "simulations": args.simulations, "rows": rows}
    print(json.dumps(told | {"processor_seconds": round(seconds, 1)}))


if __name__ == "__main__":
    main()
