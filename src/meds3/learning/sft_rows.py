"""From trees to the chains that the policy learns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from meds3.answers.verdict import Verdict
from meds3.learning.balance import capped, even_shares, shares_of
from meds3.learning.config import SftConfig
from meds3.learning.rows import SftRow, problems_by_id, row_head
from meds3.learning.summary import row_counts
from meds3.learning.verified import answer_beside, chosen, learnable, verified_chains
from meds3.problems.problem import Problem
from meds3.search.tree import Tree


def sft_rows(
    trees: Iterable[Tree], problems: Iterable[Problem], config: SftConfig
) -> tuple[list[SftRow], dict[str, Any]]:
    """Verified chains, and a summary that says what was left out and why.

    Chains with a fault go first (`learnable`), then those beyond a problem's places, then rows of
    answers and of domains that have too many. `problems` are all that were searched: their answers
    are what `balance_answers: gold` measures against.
    """
    known = problems_by_id(problems)
    dropped: Counter[str] = Counter()
    rows: list[SftRow] = []
    for tree in trees:
        problem = known[tree.problem_id]
        found = verified_chains(tree, config.kept_rollouts)
        chains = learnable(found, problem, config, dropped)
        taken = chosen(chains, config.choose)[: _places(tree, config)]
        dropped["more than the problem's places"] += len(chains) - len(taken)
        if config.reasons == "both":
            taken += answer_beside(taken, problem)
        head = row_head(tree, problem)
        rows += [SftRow(**head, completion=o.chain.text, hinted=o.hinted) for o in taken]
    fair = _fair_answers(rows, known, config)
    dropped["answer has too many rows"] = len(rows) - len(fair)
    rows = _even_domains(fair, config)
    dropped["domain has too many rows"] = len(fair) - len(rows)
    counts = row_counts(rows, [row.completion.count("\nStep ") for row in rows])
    answers = Counter(f"{row.dataset}: {known[row.problem_id].answer}" for row in rows)
    more = {
        "hinted": sum(row.hinted for row in rows),
        "by_answer": dict(answers.most_common()),
        "dropped": dict(+dropped),
    }
    return rows, {**counts, **more}


def _places(tree: Tree, config: SftConfig) -> int | None:
    """How many chains the tree's problem may give; None is no limit."""
    places = None if config.choose == "all" else config.per_problem
    if config.easy_per_problem is None:
        return places
    verdicts = tree.verdicts()
    right = sum(verdict is Verdict.CORRECT for verdict in verdicts)
    easy = right >= config.easy_rate * max(len(verdicts), 1)
    return min(config.easy_per_problem, places or config.easy_per_problem) if easy else places


def _fair_answers(
    rows: Sequence[SftRow], known: Mapping[str, Problem], config: SftConfig
) -> list[SftRow]:
    """Rows of each dataset with the answers that luck favoured cut back."""
    if config.balance_answers == "none":
        return list(rows)
    gold: defaultdict[str, list[str]] = defaultdict(list)
    for problem in known.values():
        gold[problem.dataset].append(str(problem.answer))
    kept: set[int] = set()
    for dataset in gold:
        places = [i for i, row in enumerate(rows) if row.dataset == dataset]
        answers = [str(known[rows[i].problem_id].answer) for i in places]
        shares = (
            shares_of(gold[dataset]) if config.balance_answers == "gold" else even_shares(answers)
        )
        members = [rows[i] for i in places]
        kept.update(places[i] for i in capped(members, answers, shares, config.answer_slack))
    return [rows[i] for i in sorted(kept)]


def _even_domains(rows: Sequence[SftRow], config: SftConfig) -> list[SftRow]:
    if config.domain_slack is None:
        return list(rows)
    domains = [row.domain for row in rows]
    return [rows[i] for i in capped(rows, domains, even_shares(domains), config.domain_slack)]
