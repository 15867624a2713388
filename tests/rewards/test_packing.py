"""A packed forward pass gives each chain what it gets alone."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.chains.chain import chain_of
from meds3.rewards.packing import (
    attention_mask,
    join_packs,
    model_inputs,
    pack_chains,
    tokenize_prompt,
    tokenize_steps,
)
from tests.rewards.tiny import ByteTokenizer, tiny_llama

SEGMENT = st.lists(st.integers(1, 3), min_size=1, max_size=3)
CHAINS = st.lists(st.lists(SEGMENT, min_size=1, max_size=4), min_size=1, max_size=6)


@given(CHAINS, st.integers(8, 60))
def test_every_chain_is_found_whole_along_its_path(chains, most):
    prompt = [9, 9]
    packs = pack_chains(prompt, chains, most)
    assert [place for pack in packs for place in pack.chains] == list(range(len(chains)))
    for pack in packs:
        assert len(pack) <= most or len(pack.chains) == 1
        for place, path in zip(pack.chains, pack.paths, strict=True):
            spans = [(0, len(prompt))] + [pack.spans[s] for s in path]
            tokens = [pack.input_ids[i] for a, b in spans for i in range(a, b)]
            positions = [pack.position_ids[i] for a, b in spans for i in range(a, b)]
            assert tokens == prompt + [t for segment in chains[place] for t in segment]
            assert positions == list(range(len(tokens)))


def test_shared_steps_are_computed_once():
    (pack,) = pack_chains([1], [[[2], [3]], [[2], [4]], [[2], [3]]], 100)
    assert pack.input_ids == [1, 2, 3, 4]
    assert pack.position_ids == [0, 1, 2, 2]
    assert pack.paths == [(1, 2), (1, 3), (1, 2)]


def test_mask_worked_by_hand():
    pytest.importorskip("torch")
    (pack,) = pack_chains([1], [[[2], [3]], [[2], [4]]], 100)
    assert attention_mask(pack)[0, 0].int().tolist() == [
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 0],
        [1, 1, 0, 1],
    ]


def test_joined_packs_do_not_see_each_other():
    pytest.importorskip("torch")
    (one,) = pack_chains([1], [[[2]], [[3]]], 100)
    (other,) = pack_chains([5, 6], [[[7]]], 100)
    joined = join_packs([one, other])
    assert joined.input_ids == [1, 2, 3, 5, 6, 7]
    assert joined.position_ids == [0, 1, 1, 0, 1, 2]
    assert joined.paths == [(1,), (2,), (4,)]
    assert [joined.last_token(segment) for segment in range(5)] == [0, 1, 2, 4, 5]
    assert model_inputs(joined)["attention_mask"][0, 0].int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 1, 1, 1],
    ]


def test_an_empty_segment_is_refused():
    with pytest.raises(ValueError, match="at least one token"):
        pack_chains([1], [[[]]], 10)


def test_a_steps_tokens_do_not_depend_on_what_follows():
    short = tokenize_steps(ByteTokenizer(), chain_of("One."))
    long = tokenize_steps(ByteTokenizer(), chain_of("One.", "Two."))
    assert long[:2] == short
    assert bytes(chain.from_iterable(long)).decode() == chain_of("One.", "Two.").text


@pytest.mark.parametrize("rounded", [False, True], ids=["exact", "rounded up"])
def test_packed_hidden_states_equal_those_of_single_chains(rounded):
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    model, tokenizer = tiny_llama().model, ByteTokenizer()
    prompt = tokenize_prompt(tokenizer, "Is aspirin an opioid?")
    chains = [
        tokenize_steps(tokenizer, it)
        for it in (
            chain_of("It is an NSAID.", "The answer is no."),
            chain_of("It is an NSAID.", "So not.", "The answer is no."),
            chain_of("It is.", "The answer is yes."),
        )
    ]
    with torch.inference_mode():
        for most in (80, 200, 1000):
            for pack in pack_chains(prompt, chains, most):
                with torch.autocast("cpu", torch.bfloat16, enabled=rounded):
                    inputs = model_inputs(pack)
                assert inputs["input_ids"].shape[1] % (32 if rounded else len(pack)) == 0
                hidden = model(**inputs).last_hidden_state[0]
                for place, path in zip(pack.chains, pack.paths, strict=True):
                    ids = torch.tensor([[*prompt, *chain.from_iterable(chains[place])]])
                    alone = model(input_ids=ids).last_hidden_state[0]
                    ends = [len(prompt) - 1]
                    for segment in chains[place]:
                        ends.append(ends[-1] + len(segment))
                    packed = hidden[[pack.last_token(s) for s in path]]
                    assert torch.allclose(packed, alone[ends[1:]], atol=1e-4)
