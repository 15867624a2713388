"""Constrained text: the ways that a choice leaves open."""

from __future__ import annotations

import pytest

from meds3.engines.choices import allowed_tokens, as_chosen, choice_grammar, single_samplings
from meds3.engines.protocol import Completion, Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError


class Ids(list[int]):
    """What the function needs of a tensor."""

    def __getitem__(self, key):  # type: ignore[no-untyped-def]
        return Ids(super().__getitem__(key)) if isinstance(key, slice) else super()[key]

    def tolist(self) -> list[int]:
        return list(self)


def test_the_ways_on_by_hand() -> None:
    """Choices 1-2-3, 1-4 and 1-2, of which one begins another; 9 ends."""
    allowed = allowed_tokens([[1, 2, 3], [1, 4], [1, 2]], end=9, prompt_tokens=2)
    prompt = [7, 7]
    assert allowed(0, Ids(prompt)) == [1]
    assert allowed(0, Ids([*prompt, 1])) == [2, 4]
    assert allowed(0, Ids([*prompt, 1, 2])) == [3, 9]
    assert allowed(0, Ids([*prompt, 1, 4])) == [9]
    assert allowed(0, Ids([*prompt, 1, 4, 9])) == [9]


def test_the_grammar_quotes_what_it_must() -> None:
    assert choice_grammar([" yes", 'a "b" \\']) == r'root ::= " yes" | "a \"b\" \\"'


def test_samples_of_their_own_have_room_and_other_seeds() -> None:
    singles = single_samplings(Sampling(n=3, choices=("ä" * 10,), max_tokens=1, seed=2**32 - 1))
    assert [s.n for s in singles] == [1, 1, 1]
    assert len({s.seed for s in singles}) == 3
    assert all(s.max_tokens > 20 and 0 <= s.seed < 2**32 for s in singles)


async def test_the_scripted_engine_chooses_as_its_script_begins() -> None:
    engine = ScriptedEngine(lambda prompt, sampling, index: [" yes, sir", "hm"][index])
    done = await engine.generate("q", Sampling(n=2, choices=(" no", " yes"), seed=4))
    assert [c.text for c in done] == [" yes", " no"]
    # A choice is whole whatever max_tokens says, and the longer of two where one begins the other.
    engine = ScriptedEngine(lambda *_: " in two days, I think", capacity=5)
    choices = (" in", " in two days")
    (one,) = await engine.generate("q", Sampling(choices=choices, max_tokens=1))
    assert (one.text, one.finish, engine.capacity) == (" in two days", "stop", 5)


def test_a_text_is_spelt_as_its_choice_or_an_error() -> None:
    def texts(*written: str) -> list[str]:
        found = [Completion(text, 1, "stop") for text in written]
        return [c.text for c in as_chosen("e", found, Sampling(choices=choices))]

    choices = (" yes", " no, or not yet")
    assert texts(" yes", "yes", "no,or not yet") == [" yes", " yes", " no, or not yet"]
    with pytest.raises(EngineError, match="choose among"):
        texts(" nope")
    choices = ("a b", "ab")  # blanks tell them apart where they can
    assert texts("ab", "a b", " a b") == ["ab", "a b", "a b"]
    assert as_chosen("e", [Completion("free", 1, "length")], Sampling())[0].text == "free"
