"""The chains of a tree that a rule verified, and which of them to learn from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from meds3.answers.judge import verify
from meds3.answers.kinds import Answer
from meds3.answers.verdict import Verdict
from meds3.chains.chain import ANSWER_PHRASE, Chain, chain_of
from meds3.chains.examples import borrowed_facts
from meds3.chains.prompt import answer_stated, option_stated
from meds3.learning.config import ChainChoice, SftConfig
from meds3.problems.problem import Problem
from meds3.search.tree import Node, Tree

# From `the answer is` to the end of the sentence: a full stop inside `2.5 mg` ends none.
_STATEMENT = re.compile(
    r"\b(?:the|final)\s+(?:correct\s+|final\s+)?answer\s*(?:is|:).*?(?:[.!?](?=\s|$)|(?=\n)|$)",
    re.I,
)
# `E. coli` ends no sentence; `It is not B. The answer` does, unlike for who reads an answer.
_SENTENCE_END = re.compile(r"[.!?](?:\s+(?=[A-Z(\[])|\s*$)|\n")
# By `sft.reasons`: what SFT learns in place of a verified chain.
ALONE: dict[str, Callable[[Answer], str]] = {"drop": answer_stated, "option": option_stated}
_MORE = re.compile(r"[.!?]\s+\S|\n")  # a sentence or a line after the answer


@dataclass(frozen=True)
class VerifiedChain:
    """`worth`: the least value of the simulated steps on its way; 1 where none was simulated.

    `hinted`: written with the answer shown.
    """

    chain: Chain
    worth: float
    hinted: bool = False


def verified_chains(tree: Tree, kept_rollouts: bool) -> list[VerifiedChain]:
    """Distinct verified chains, the shortest first: correct finishes, and correct rollouts too.

    A tree that was never solved may have rationales in their place.
    """
    found = [
        VerifiedChain(tree.chain(node), _worth(tree, node))
        for node in tree.finishes()
        if node.verdict is Verdict.CORRECT
    ]
    if kept_rollouts:
        found += [
            VerifiedChain(Chain((*tree.chain(node).steps, *rollout.steps)), _worth(tree, node))
            for node in tree.nodes
            for rollout in node.rollouts
            if rollout.verdict is Verdict.CORRECT
        ]
    root = tree.chain(tree.nodes[0])
    found += [
        VerifiedChain(Chain((*root.steps, *rollout.steps)), worth=1.0, hinted=True)
        for rollout in tree.rationales
        if rollout.verdict is Verdict.CORRECT
    ]
    found.sort(key=lambda one: (len(one.chain.text), one.chain.text, -one.worth))
    distinct: dict[str, VerifiedChain] = {}
    for one in found:
        distinct.setdefault(one.chain.text.casefold(), one)
    return list(distinct.values())


def _worth(tree: Tree, node: Node) -> float:
    steps = [n for n in tree.path(node)[1:] if n.kind != "finish" and n.simulated]
    return min((step.value for step in steps), default=1.0)


def learnable(
    chains: Iterable[VerifiedChain], problem: Problem, config: SftConfig, dropped: Counter[str]
) -> list[VerifiedChain]:
    """The chains as the policy should learn them; what is left out is counted in `dropped`."""
    found: dict[str, VerifiedChain] = {}
    for one in chains:
        chain = _as_learned(one.chain, problem, config)
        reason = _fault(chain, problem, config)
        if reason is None and chain.text.casefold() in found:
            reason = "the same as another once trimmed"
        if reason is None:
            found[chain.text.casefold()] = replace(one, chain=chain)
        else:
            dropped[reason] += 1
    return list(found.values())


def _as_learned(chain: Chain, problem: Problem, config: SftConfig) -> Chain:
    if config.one_statement == "trim":
        chain = trimmed(chain)
    if config.reasons in ALONE and _right(chain, problem):
        return chain_of(ALONE[config.reasons](problem.answer))
    if config.reasons == "reworded" and _right(chain, problem):
        return closed_by(chain, option_stated(problem.answer))
    return chain


def answer_alone(problem: Problem) -> Chain:
    """The right answer in a single step, as the shortest verified chain would state it."""
    return chain_of(answer_stated(problem.answer))


def answer_beside(chains: Sequence[VerifiedChain], problem: Problem) -> list[VerifiedChain]:
    """The answer alone, where a problem has chains to learn and this is none of them."""
    alone = answer_alone(problem)
    if not chains or any(one.chain.text.casefold() == alone.text.casefold() for one in chains):
        return []
    return [VerifiedChain(alone, worth=1.0, hinted=all(one.hinted for one in chains))]


def _fault(chain: Chain, problem: Problem, config: SftConfig) -> str | None:
    """Why the policy should not learn a verified chain; None when nothing speaks against it."""
    if len(chain.steps) <= config.min_steps:
        return "too few steps"
    if config.one_statement == "drop" and not states_once(chain):
        return "answer not stated once, at the end"
    if config.one_statement == "trim" and not _right(chain, problem):
        return "not right any more once trimmed"
    if config.borrowed_facts == "drop" and borrowed_facts(chain, problem):
        return "tells the worked example's facts"
    return None


def _right(chain: Chain, problem: Problem) -> bool:
    return verify(chain.text, problem.answer).verdict is Verdict.CORRECT


def trimmed(chain: Chain) -> Chain:
    """The chain up to the end of the sentence in which its last step first states an answer.

    Small models go on: `The answer is C. The answer is C. The answer is ...`.
    """
    *before, last = chain.steps
    stated = _STATEMENT.search(last.text)
    if stated is None:
        return chain
    return Chain((*before, replace(last, text=last.text[: stated.end()].rstrip())))


def closed_by(chain: Chain, closing: str) -> Chain:
    """The chain with `closing` in place of the sentence in which its last step states an answer,
    and of what follows it: the reasons are the model's own, the last words are not."""
    *before, last = chain.steps
    stated = _STATEMENT.search(last.text)
    if stated is None:
        return chain
    ends = [end.end() for end in _SENTENCE_END.finditer(last.text, 0, stated.start())]
    begins = max(ends, default=0)
    return Chain((*before, replace(last, text=last.text[:begins] + closing)))


def states_once(chain: Chain) -> bool:
    """Whether the chain ends with its only `The answer is X.`, with nothing after it."""
    before, phrase, answer = chain.text.rpartition(ANSWER_PHRASE)
    once = phrase != "" and ANSWER_PHRASE.casefold() not in before.casefold()
    return once and not _MORE.search(answer.strip())


def chosen(chains: Sequence[VerifiedChain], how: ChainChoice) -> list[VerifiedChain]:
    """`chains` (the shortest first) in the order in which a problem's places go to them."""
    return _ORDERS[how](chains)


def _diverse(chains: Sequence[VerifiedChain]) -> list[VerifiedChain]:
    """Those with a first step of their own before the others."""
    openings: set[str] = set()
    fresh: list[VerifiedChain] = []
    alike: list[VerifiedChain] = []
    for one in chains:
        opening = one.chain.steps[1].text.casefold()
        (alike if opening in openings else fresh).append(one)
        openings.add(opening)
    return fresh + alike


_ORDERS: dict[ChainChoice, Callable[[Sequence[VerifiedChain]], list[VerifiedChain]]] = {
    "all": list,
    "diverse": _diverse,
    "shortest": list,
    "min-value": lambda chains: sorted(chains, key=lambda one: -one.worth),
}
