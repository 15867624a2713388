"""Waves: how many chains are drawn, with which seeds, and why drawing stopped."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.answering import answer as answering
from meds3.answering.config import AnsweringConfig
from meds3.answering.waves import Budget, Drawn
from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError
from meds3.selection.confidence import Calibration
from meds3.selection.rules import select
from tests.answering.test_sample import PROBLEM, A, B, Likes, Says, Template

SIXTEEN = AnsweringConfig(n=16, strategy="majority", adaptive="exact")


class InTurn(Says):
    """Says its texts one after the other, over all calls."""

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        said = sum(asked.n for _, asked in self.asked)
        self.asked.append((prompt, sampling))
        texts = (self.texts * 99)[said : said + sampling.n]
        return [Completion(text, 7, "stop") for text in texts]


async def ask(
    engine: Says, settings: AnsweringConfig, scorer: Likes | None = None, **more: object
) -> answering.Answered:
    return await answering.answer(
        PROBLEM,
        engine,
        scorer,
        Template(),
        settings,
        seed=1,
        **more,  # type: ignore[arg-type]
    )


def sizes(engine: Says) -> list[int]:
    return [sampling.n for _, sampling in engine.asked]


async def test_of_sixteen_that_agree_nine_are_drawn() -> None:
    engine = Says(B)
    answered = await ask(engine, SIXTEEN)
    assert sizes(engine) == [9]
    assert (answered.drawn.stopped, answered.drawn.selection.answer) == ("settled", "B")
    assert answered.tokens == 9 * 7


async def test_a_dissenter_costs_two_more() -> None:
    engine = InTurn(A, *[B] * 15)  # 8 : 1 with seven to come; one more would do, waves are of two
    answered = await ask(engine, SIXTEEN)
    assert sizes(engine) == [9, 2]
    assert answered.drawn.stopped == "settled"


async def test_an_even_vote_draws_all() -> None:
    engine = InTurn(A, B)
    answered = await ask(engine, SIXTEEN)
    assert sum(sizes(engine)) == 16
    assert answered.drawn.stopped == "all drawn"


async def test_a_question_that_stopped_leaves_its_place_to_others() -> None:
    """One engine that takes one call at a time, in the order they come."""
    place, calls = asyncio.Lock(), []

    class Shared(InTurn):
        def __init__(self, name: str, *texts: str) -> None:
            super().__init__(*texts)
            self.name = name

        async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
            async with place:
                calls.append((self.name, sampling.n))
                await asyncio.sleep(0)
                return await super().generate(prompt, sampling)

    asked = [Shared("split", A, B), Shared("sure", B), Shared("sure too", A), Shared("split", B, A)]
    told = await asyncio.gather(*(ask(engine, SIXTEEN) for engine in asked))
    assert [one.drawn.stopped for one in told] == ["all drawn", "settled", "settled", "all drawn"]
    assert calls[:4] == [("split", 9), ("sure", 9), ("sure too", 9), ("split", 9)]
    assert {name for name, _ in calls[4:]} == {"split"}  # nobody waits for a round to be over
    assert sum(n for _, n in calls) == 9 + 9 + 16 + 16


async def test_likely_stops_at_three_that_agree() -> None:
    engine = Says(B)
    answered = await ask(engine, SIXTEEN.model_copy(update={"adaptive": "likely"}))
    assert sizes(engine) == [3]  # thirteen more overturn it in under one case of twenty
    assert answered.drawn.stopped == "likely"


async def test_weak_scores_need_more_chains() -> None:
    pvs = SIXTEEN.model_copy(update={"strategy": "pvs", "adaptive": "likely"})
    strong, weak = Says(B), Says(B)
    await ask(strong, pvs, Likes("beta"))
    await ask(weak, pvs, Likes("nothing"))
    assert sum(sizes(strong)) < sum(sizes(weak))  # another answer might score 1


async def test_off_is_one_call_of_all_with_the_seed_of_evaluation() -> None:
    engine, adaptive = Says(B), Says(B)
    await ask(engine, SIXTEEN.model_copy(update={"adaptive": "off"}))
    await ask(adaptive, SIXTEEN)
    assert sizes(engine) == [16]
    assert engine.asked[0][1].seed == adaptive.asked[0][1].seed


async def test_each_wave_is_a_fresh_draw() -> None:
    engine = InTurn(A, B)
    await ask(engine, SIXTEEN)
    seeds = [sampling.seed for _, sampling in engine.asked]
    assert len(set(seeds)) == len(seeds) > 1


async def test_every_wave_is_told() -> None:
    heard: list[Drawn] = []
    await ask(InTurn(A, *[B] * 15), SIXTEEN, on_drawn=heard.append)
    assert [len(drawn.candidates) for drawn in heard] == [9, 11]
    assert [drawn.stopped for drawn in heard] == [None, "settled"]


async def test_greedy_is_one_chain() -> None:
    engine = Says(B)
    answered = await ask(engine, SIXTEEN.model_copy(update={"strategy": "greedy"}))
    assert (sizes(engine), answered.drawn.stopped) == ([1], "all drawn")


@given(st.lists(st.sampled_from([A, B, "nothing"]), min_size=16, max_size=16))
async def test_the_exact_rule_gives_the_answer_of_all(texts: list[str]) -> None:
    answered = await ask(InTurn(*texts), SIXTEEN)
    full = await ask(InTurn(*texts), SIXTEEN.model_copy(update={"adaptive": "off"}))
    assert answered.drawn.selection.answer == full.drawn.selection.answer
    assert answered.drawn.candidates == full.drawn.candidates[: len(answered.drawn.candidates)]


@pytest.mark.parametrize("strategy", ["best-of-n/last", "vote-mean/min"])
def test_votes_that_do_not_add_up_cannot_be_adaptive(strategy: str) -> None:
    with pytest.raises(ValueError, match="do not add up"):
        AnsweringConfig(strategy=strategy, adaptive="exact")


async def test_a_fitted_curve_tells_the_confidence_and_decides_on_referral() -> None:
    curve = Calibration(
        strategy="majority",
        n_samples=16,
        n_questions=100,
        method="isotonic",
        features=("share",),
        knots=((0.0, 0.1), (1.0, 0.6)),
    )
    careful = SIXTEEN.model_copy(update={"abstain_below": 0.7})
    answered = await ask(Says(B), careful, calibration=curve)
    assert (answered.confidence, answered.calibrated, answered.refer) == (0.6, True, True)
    plain = await ask(Says(B), careful)
    assert (plain.confidence, plain.calibrated, plain.refer) == (1.0, False, False)


async def test_early_votes_need_a_curve_that_was_fitted_on_early_votes() -> None:
    """Five chains that agree are less sure than sixteen whose leader has the same share."""
    shape = {"strategy": "majority", "n_samples": 16, "n_questions": 100, "method": "isotonic"}
    of_all = Calibration.model_validate(
        {**shape, "features": ("share",), "knots": ((0.0, 0.1), (1.0, 0.9))}
    )
    of_early = of_all.model_copy(update={"stopping": "likely", "knots": ((0.0, 0.1), (1.0, 0.5))})
    likely = SIXTEEN.model_copy(update={"adaptive": "likely"})
    exact = SIXTEEN.model_copy(update={"adaptive": "exact"})
    unsure = await ask(Says(B), likely, calibration=of_all)
    assert (unsure.confidence, unsure.calibrated) == (0.9, False)  # not more than the curve says
    assert not (await ask(Says(B), exact, calibration=of_early)).calibrated
    assert (await ask(Says(B), likely, calibration=of_early)).confidence == 0.5
    assert (await ask(Says(B), exact, calibration=of_all)).confidence == 0.9


async def test_a_curve_of_another_rule_is_not_used() -> None:
    curve = Calibration(
        strategy="vote-sum/last",
        n_samples=16,
        n_questions=100,
        method="platt",
        features=("share",),
        weights=(0.0,),
    )
    answered = await ask(Says(B), SIXTEEN, calibration=curve)  # no scorer: the majority decides
    assert not answered.calibrated
    assert select(answered.drawn.candidates, "majority").answer == "B"


async def test_a_token_budget_is_never_passed() -> None:
    small = AnsweringConfig(n=16, strategy="majority", max_tokens=10)
    engine = Says(B)  # 7 tokens a chain, 10 at most
    answered = await ask(engine, small, budget=Budget(tokens=45))
    assert sizes(engine) == [4, 1, 1]  # room for 45 // 10, then 17 // 10, then 10 // 10
    assert answered.drawn.stopped == "tokens"
    assert answered.tokens <= 45
    assert answered.drawn.selection.answer == "B"


async def test_without_tokens_there_is_no_answer_and_a_referral() -> None:
    answered = await ask(Says(B), SIXTEEN, budget=Budget(tokens=3))
    assert answered.drawn.selection.answer is None
    assert (answered.drawn.stopped, answered.refer) == ("tokens", True)
    greedy = SIXTEEN.model_copy(update={"strategy": "greedy"})
    assert (await ask(Says(B), greedy, budget=Budget(tokens=3))).drawn.candidates == ()


class Slow(Says):
    """Its chains take a hundredth of a second each, later ones longer."""

    dropped = 0

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        self.asked.append((prompt, sampling))
        try:
            await asyncio.sleep(0.01 if len(self.asked) <= 3 else 60)
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        return [Completion(B, 7, "stop") for _ in range(sampling.n)]


async def test_at_the_end_of_its_time_the_chains_that_are_done_decide() -> None:
    engine = Slow(B)
    full = SIXTEEN.model_copy(update={"adaptive": "off", "n": 8})
    answered = await ask(engine, full, budget=Budget(seconds=0.5))
    assert (len(answered.drawn.candidates), answered.drawn.stopped) == (3, "time")
    assert answered.drawn.selection.answer == "B"
    assert engine.dropped == 5  # nothing goes on for nobody
    assert answered.seconds < 5


async def test_chains_drawn_one_by_one_differ_in_their_seeds() -> None:
    engine = Says(B)
    await ask(engine, SIXTEEN, budget=Budget(seconds=30))
    seeds = [sampling.seed for _, sampling in engine.asked]
    assert len(seeds) == len(set(seeds)) == 9


async def test_an_engine_that_dies_under_a_time_limit_is_heard() -> None:
    class Dies(Says):
        async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
            raise EngineError("dead")

    with pytest.raises(EngineError, match="dead"):
        await ask(Dies(B), SIXTEEN, budget=Budget(seconds=5))
