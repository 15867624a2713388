"""Candidates from one tree that a PRM guides, in place of independent samples."""

from __future__ import annotations

from meds3.answering.config import AnsweringConfig
from meds3.answering.prompting import bare_prompt, extracted
from meds3.answering.sample import score_candidates
from meds3.chains.examples import example_for
from meds3.chains.prompt import messages
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.problems.problem import Problem
from meds3.rewards.protocol import StepScorer
from meds3.search.actions import Actions
from meds3.search.config import SearchConfig
from meds3.search.grow import grow
from meds3.search.valuing import ByScorer
from meds3.selection.candidate import Candidate


async def tree_candidates(
    engine: Engine,
    scorer: StepScorer,
    template: ChatTemplate,
    problem: Problem,
    settings: AnsweringConfig,
    *,
    seed: int,
) -> list[Candidate]:
    """The finishes of a tree whose steps are worth their PRM scores; gold is not used.

    The tree stops at `settings.n` finishes. Its tokens, dropped steps included, are shared out
    over the candidates, so that their sum is what was paid.
    """
    example = example_for(problem) if settings.style == "worked-example" else None
    prompt = template.render(messages(problem, example))
    bare = bare_prompt(template, problem)
    actions = Actions(engine, problem, prompt, _search(settings), seed, gold_known=False)
    tree = await grow(actions, bare, ByScorer(scorer, bare))
    chains = list({chain.text: chain for chain in map(tree.chain, tree.finishes())}.values())
    paid = [tree.tokens * (i + 1) // max(len(chains), 1) for i in range(len(chains))]
    candidates = [
        extracted(chain, problem, end - start)
        for chain, start, end in zip(chains, [0, *paid], paid, strict=False)
    ]
    return await score_candidates(scorer, bare, candidates)


def _search(settings: AnsweringConfig) -> SearchConfig:
    return SearchConfig(
        value="prm",
        correct_finishes=settings.n,
        # Half of the nodes may be steps on the way.
        max_nodes=max(4, 3 * settings.n),
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        max_rollout_tokens=settings.max_tokens,
        max_step_tokens=max(8, settings.max_tokens // 2),
    )
