"""What the policy is asked during a search: a next step, a finish, a rollout."""

from __future__ import annotations

from dataclasses import dataclass

from meds3.answers.extract import extract
from meds3.answers.judge import judge
from meds3.answers.verdict import Verdict
from meds3.chains.chain import STEP_SEPARATOR, Chain, Step, parse_steps
from meds3.engines.protocol import Completion, Engine, Sampling
from meds3.problems.problem import Problem
from meds3.runs.digest import derived_seed
from meds3.search.config import SearchConfig
from meds3.search.tree import Rollout

# A model ends a step by opening the next one; both spellings of the border occur.
_NEXT_STEP = ("\n\nStep", "\nStep")


@dataclass
class Actions:
    """Asks one engine about one problem. `prompt` ends where the assistant turn begins.

    Seeds derive from `seed`, the problem and a tag that names the call inside its tree, so the
    same tree asks the same questions whatever else is in flight.
    """

    engine: Engine
    problem: Problem
    prompt: str
    config: SearchConfig
    seed: int
    tokens: int = 0

    async def reason(self, chain: Chain, count: int, tag: str) -> list[Step]:
        """Up to `count` next steps; cut-off and empty ones are dropped."""
        index = chain.steps[-1].index + 1
        completions = await self._ask(chain, count, self.config.max_step_tokens, tag, _NEXT_STEP)
        found = [parse_steps(c.text, index) for c in completions if c.finish == "stop"]
        return [steps[0] for steps in found if steps]

    async def complete(self, chain: Chain, count: int, tag: str) -> list[Rollout]:
        """`count` completions to the end, each verified."""
        index = chain.steps[-1].index + 1
        completions = await self._ask(chain, count, self.config.max_rollout_tokens, tag)
        paths = [(parse_steps(c.text, index), c.tokens) for c in completions]
        return [Rollout(steps, self.verdict(steps), tokens) for steps, tokens in paths]

    def verdict(self, steps: tuple[Step, ...]) -> Verdict:
        """What the rule says of a chain that ends in `steps`."""
        text = STEP_SEPARATOR.join(map(str, steps))
        return judge(extract(text, self.problem.answer), self.problem.answer).verdict

    async def _ask(
        self, chain: Chain, count: int, limit: int, tag: str, stop: tuple[str, ...] = ()
    ) -> list[Completion]:
        if count == 0:
            return []
        config = self.config
        sampling = Sampling(
            n=count,
            temperature=config.temperature,
            top_p=config.top_p,
            top_k=config.top_k,
            max_tokens=limit,
            stop=stop,
            seed=derived_seed(self.seed, self.problem.id, tag),
        )
        head = f"{STEP_SEPARATOR}Step {chain.steps[-1].index + 1}:"
        completions = await self.engine.generate(self.prompt + chain.text + head, sampling)
        self.tokens += sum(c.tokens for c in completions)
        return completions
