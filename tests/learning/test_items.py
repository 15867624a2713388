"""What the trainings see, token by token."""

from pathlib import Path

import pytest

from meds3.errors import InputError
from meds3.learning.config import DpoConfig, PrmConfig, SftConfig
from meds3.learning.jobs import DpoJob, PrmJob, SftJob
from meds3.learning.pairs import dpo_rows
from meds3.learning.prm_rows import prm_rows
from meds3.learning.sft_rows import sft_rows
from tests.learning.trees import PROBLEM, PROMPT, hand_tree

pytestmark = pytest.mark.model
PATHS = {"model": Path("m"), "data": Path("d"), "output": Path("o")}


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    from meds3.engines.weights import load_tokenizer

    return load_tokenizer(tiny_model)


def test_sft_loss_is_on_the_turn_and_one_end_of_turn(tokenizer):
    from meds3.learning.sft import sft_items

    rows, _ = sft_rows([hand_tree()], [PROBLEM], SftConfig())
    (item,) = sft_items(SftJob(**PATHS), rows, tokenizer)
    text = tokenizer.decode(item.pack.input_ids)
    assert text == PROMPT + "".join(row.completion + "<|im_end|>" for row in rows)
    assert tokenizer.decode(item.targets) == text.removeprefix(PROMPT)
    prompt_length = item.pack.spans[0][1]
    assert item.at.count(prompt_length - 1) == len(rows)  # each turn begins after the prompt
    follows = {i: item.pack.position_ids[i] + 1 for i in item.at}
    starts = {item.pack.spans[path[0]][0] for path in item.pack.paths}
    assert all(position >= prompt_length for position in follows.values())
    assert item.targets.count(2) == len(rows)
    assert len(starts) == len(rows)


def test_prm_labels_sit_on_the_last_tokens_of_steps(tokenizer):
    from meds3.learning.prm_items import prm_items

    rows, _ = prm_rows([hand_tree()], [PROBLEM], PrmConfig(labels="soft"))
    (item,) = prm_items(PrmJob(**PATHS), rows, tokenizer)
    found = {}
    for segment, label in zip(item.segments, item.labels, strict=True):
        first, end = item.pack.spans[segment]
        assert item.pack.last_token(segment) == end - 1
        found[tokenizer.decode(item.pack.input_ids[first:end])] = label
    assert found["\n\nStep 1: Good start."] == 0.9
    assert found["\n\nStep 1: Bad start."] == 0.05
    assert found["\n\nStep 2: The answer is yes."] == 1
    assert not any("Unsimulated" in text or "Step 0" in text for text in found)


def test_only_finish_pairs_end_the_turn(tokenizer):
    from meds3.learning.dpo import dpo_items

    rows, _ = dpo_rows([hand_tree()], [PROBLEM], DpoConfig())
    for row, item in zip(rows, dpo_items(DpoJob(**PATHS), rows, tokenizer), strict=True):
        ends = int(row.kind == "finish")
        assert item["prompt_ids"] == tokenizer(PROMPT, add_special_tokens=False)["input_ids"]
        assert item["chosen_ids"].count(2) == ends
        assert item["rejected_ids"].count(2) == ends


def test_too_long_rows_are_named(tokenizer):
    from meds3.learning.sft import sft_items

    rows, _ = sft_rows([hand_tree()], [PROBLEM], SftConfig())
    job = SftJob(**PATHS, config=SftConfig(max_length=20))
    with pytest.raises(InputError, match="max_length 20"):
        sft_items(job, rows, tokenizer)
