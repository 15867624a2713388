"""What the policy is asked during a search: a next step, a finish, a rollout, which of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from meds3.answers.extract import extract
from meds3.answers.judge import judge
from meds3.answers.verdict import Verdict
from meds3.chains.chain import STEP_SEPARATOR, Chain, Step, parse_steps
from meds3.engines.protocol import Completion, Engine, Sampling
from meds3.problems.problem import Problem
from meds3.runs.digest import derived_seed
from meds3.search.budget import Allowance
from meds3.search.config import SearchConfig
from meds3.search.tree import Rollout

# A model ends a step by opening the next one; both spellings of the border occur.
_NEXT_STEP = ("\n\nStep", "\nStep")
_THINK = f"{STEP_SEPARATOR}What comes next:"
_ANOTHER_STEP, _THE_ANSWER = " another step", " the answer"


@dataclass
class Actions:
    """Asks one engine about one problem. `prompt` ends where the assistant turn begins, as does
    `hinted_prompt`, which shows the answer.

    Seeds derive from `seed`, the problem and a tag that names the call inside its tree, so the
    same tree asks the same questions whatever else is in flight. `gold_known` is False at
    inference: then no chain has a verdict. `tokens` were generated for this problem.
    """

    engine: Engine
    problem: Problem
    prompt: str
    config: SearchConfig
    seed: int
    hinted_prompt: str = ""
    gold_known: bool = True
    allowance: Allowance = field(default_factory=Allowance)
    tokens: int = 0

    async def reason(self, chain: Chain, count: int, tag: str) -> list[Step]:
        """Up to `count` next steps; cut-off and empty ones are dropped."""
        if count == 0:
            return []
        index = chain.steps[-1].index + 1
        sampling = self._sampling(count, self.config.max_step_tokens, tag, stop=_NEXT_STEP)
        completions = await self._ask(self.prompt + _open(chain), sampling)
        found = [parse_steps(c.text, index) for c in completions if c.finish == "stop"]
        return [steps[0] for steps in found if steps]

    async def complete(self, chain: Chain, count: int, tag: str) -> list[Rollout]:
        """`count` completions to the end, each verified. Needs the gold answer."""
        return self._read(chain, await self._completions(chain, count, tag))

    async def finish(self, chain: Chain, count: int, tag: str) -> list[tuple[Step, ...]]:
        """The steps of `count` completions to the end."""
        index = chain.steps[-1].index + 1
        return [parse_steps(c.text, index) for c in await self._completions(chain, count, tag)]

    async def rationalize(self, chain: Chain, count: int) -> list[Rollout]:
        """`count` completions to the end with the answer shown, each verified."""
        sampling = self._sampling(count, self.config.max_rollout_tokens, "rationalize")
        return self._read(chain, await self._ask(self.hinted_prompt + _open(chain), sampling))

    async def think(self, chain: Chain, count: int, tag: str) -> int:
        """How often of `count` times the policy would rather finish than reason on."""
        choices = (_ANOTHER_STEP, _THE_ANSWER)
        sampling = self._sampling(count, 8, tag, choices=choices)
        completions = await self._ask(self.prompt + chain.text + _THINK, sampling)
        return sum(completion.text == _THE_ANSWER for completion in completions)

    def verdict(self, steps: tuple[Step, ...]) -> Verdict:
        """What the rule says of a chain that ends in `steps`."""
        text = STEP_SEPARATOR.join(map(str, steps))
        return judge(extract(text, self.problem.answer), self.problem.answer).verdict

    async def _completions(self, chain: Chain, count: int, tag: str) -> list[Completion]:
        if count == 0:
            return []
        sampling = self._sampling(count, self.config.max_rollout_tokens, tag)
        return await self._ask(self.prompt + _open(chain), sampling)

    def _read(self, chain: Chain, completions: list[Completion]) -> list[Rollout]:
        """Completions of `chain`, verified."""
        index = chain.steps[-1].index + 1
        paths = [(parse_steps(c.text, index), c.tokens) for c in completions]
        return [Rollout(steps, self.verdict(steps), tokens) for steps, tokens in paths]

    def _sampling(
        self,
        count: int,
        limit: int,
        tag: str,
        *,
        stop: tuple[str, ...] = (),
        choices: tuple[str, ...] = (),
    ) -> Sampling:
        config = self.config
        return Sampling(
            n=count,
            temperature=config.temperature,
            top_p=config.top_p,
            top_k=config.top_k,
            max_tokens=limit,
            stop=stop,
            choices=choices,
            seed=derived_seed(self.seed, self.problem.id, tag),
        )

    async def _ask(self, prompt: str, sampling: Sampling) -> list[Completion]:
        completions = await self.engine.generate(prompt, sampling)
        tokens = sum(completion.tokens for completion in completions)
        self.tokens += tokens
        self.allowance.spend(tokens)
        return completions


def _open(chain: Chain) -> str:
    """The assistant turn up to the head of the next step."""
    return f"{chain.text}{STEP_SEPARATOR}Step {chain.steps[-1].index + 1}:"
