"""The same answers by several scoring rules: how much of a number is the rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meds3.chains.chain import chain_of
from meds3.evaluation.outcome import Outcome, SystemEvaluation
from meds3.evaluation.results_measures import MirrorRow
from meds3.evaluation.verification import Output, judge_outputs, tallies
from meds3.problems.problem import Problem

RULES = ("meds3", "medsss", "huatuo", "strict-letter")
STRATEGIES = ("greedy", "majority", "pvs")


def mirror_rows(
    evaluation: SystemEvaluation,
    problems: Mapping[str, Problem],
    strategies: Sequence[str] = STRATEGIES,
) -> list[MirrorRow]:
    """A row per dataset and strategy: the share right under our rule and each of the others.

    Judged is the text of the chain that the strategy chose; where none could be chosen, the first
    chain, which other rules may still read something from. `problems` by id give the gold
    answers; a question without its problem is left out.
    """
    found = []
    for strategy in evaluation.measurable(strategies):
        outputs = [
            Output(o.problem_id, o.dataset, _chosen(o, strategy), problems[o.problem_id].answer)
            for o in evaluation.outcomes
            if o.problem_id in problems
        ]
        counted = tallies(judge_outputs(outputs, with_mirrors=True))
        found += [
            MirrorRow(
                dataset=name,
                system=evaluation.name,
                strategy=strategy,
                n_questions=tally.verdicts.total(),
                shares={rule: tally.share(rule) for rule in RULES},
            )
            for name, tally in sorted(counted.items())
        ]
    return found


def _chosen(outcome: Outcome, strategy: str) -> str:
    winner = outcome.decide(strategy)[0].winner
    return winner.chain.text if winner else chain_of(*outcome.rows(strategy)[0].steps).text
