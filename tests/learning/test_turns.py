"""Loss only where it belongs, token by token, against the chat template itself."""

import pytest

from meds3.errors import InputError
from meds3.learning.sft import sft_items
from meds3.learning.sft_plain import plain_items
from meds3.learning.turns import end_of_turn
from tests.learning.some_rows import dpo_rows, job_of, sft_rows
from tests.learning.tiny_tokenizer import BARE, CHATML, LEFT_OPEN, NO_NEWLINE, byte_tokenizer

pytestmark = pytest.mark.model
END = 2


def conversation(tokenizer, row) -> tuple[str, str]:
    """A row's prompt as the template renders it, and the whole conversation."""
    turns = [
        {"role": "user", "content": "Is it so?"},
        {"role": "assistant", "content": row.completion},
    ]
    whole = tokenizer.apply_chat_template(turns, tokenize=False)
    prompt = tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
    return prompt, whole


@pytest.mark.parametrize("template", [CHATML, NO_NEWLINE, LEFT_OPEN])
def test_loss_is_on_the_turn_and_one_end_token(tmp_path, template):
    tokenizer = byte_tokenizer(template)
    (row, _) = sft_rows(1)
    prompt, whole = conversation(tokenizer, row)
    row = row.model_copy(update={"prompt": prompt})
    turn = tokenizer(row.completion, add_special_tokens=False)["input_ids"]

    (item,) = sft_items(job_of("sft", "m", tmp_path), [row], tokenizer)
    (plain,) = plain_items(job_of("sft", "m", tmp_path), [row], tokenizer)
    assert item.targets == [*turn, END]
    assert [label for label in plain["labels"] if label != -100] == [*turn, END]
    # Each target stands where the conversation has it, right after the token that predicts it.
    seen = item.pack.input_ids
    assert [seen[i + 1] for i in item.at] == item.targets
    assert item.at == [*range(len(seen) - len(turn) - 2, len(seen) - 1)]
    assert plain["input_ids"] == seen
    # And nothing is seen but the conversation, up to and with its (first) end token.
    rendered = tokenizer(whole, add_special_tokens=False)["input_ids"]
    assert [*rendered, END][: len(seen)] == seen
    after = tokenizer.decode(rendered[len(seen) :])
    assert after == {CHATML: "\n", NO_NEWLINE: "", LEFT_OPEN: ""}[template]


def test_a_turn_is_closed_by_the_templates_token_not_by_the_end_of_text(tmp_path):
    # As with Gemma: eos ends a text, another token ends a turn.
    tokenizer = byte_tokenizer(
        CHATML, eos_token="<|endoftext|>", additional_special_tokens=["<|im_start|>", "<|im_end|>"]
    )
    assert tokenizer.eos_token_id == 0
    assert end_of_turn(tokenizer) == END


def test_a_template_that_closes_with_mere_text_is_refused():
    with pytest.raises(InputError, match="'###'"):
        end_of_turn(byte_tokenizer(CHATML.replace("<|im_end|>", "###")))


def test_a_template_with_another_models_end_token_is_refused():
    # The template of one model with the tokenizer of another: the end is five mere tokens.
    with pytest.raises(InputError, match=r"</s>.*no special token"):
        end_of_turn(byte_tokenizer(CHATML.replace("<|im_end|>", "</s>")))


def test_a_model_without_any_end_is_refused():
    with pytest.raises(InputError, match="no end-of-turn"):
        end_of_turn(byte_tokenizer(BARE, eos_token=None))


def test_a_template_that_drops_the_answer_is_refused():
    with pytest.raises(InputError, match="leaves out the assistant turn"):
        end_of_turn(byte_tokenizer("{{ messages[0]['content'] }}"))


def test_step_pairs_stay_open_and_finish_pairs_end_once(tmp_path):
    from meds3.learning.dpo import dpo_items

    tokenizer = byte_tokenizer(CHATML)
    rows = dpo_rows(4)
    for row, item in zip(
        rows, dpo_items(job_of("dpo", "m", tmp_path), rows, tokenizer), strict=True
    ):
        for text, ids in ((row.chosen, item["chosen_ids"]), (row.rejected, item["rejected_ids"])):
            turn = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert ids == (turn if row.kind == "step" else [*turn, END])
    assert {row.kind for row in rows} == {"step", "finish"}


def batches_of(trainer_class, run) -> list[dict]:
    """What a TRL trainer's loss is given while `run()` trains."""
    from unittest.mock import patch

    seen = []
    normal = trainer_class.compute_loss

    def look(self, model, inputs, *args, **kwargs):
        seen.append({name: value.clone() for name, value in inputs.items()})
        return normal(self, model, inputs, *args, **kwargs)

    with patch.object(trainer_class, "compute_loss", look):
        run()
    return seen


def test_trl_adds_nothing_to_step_pairs(tiny_model, tmp_path):
    import trl

    from meds3.learning.train import train

    job = job_of("dpo", tiny_model, tmp_path, 1, epochs=1, batch_size=1)
    (row,) = dpo_rows(1)
    (batch,) = batches_of(trl.DPOTrainer, lambda: train(job))
    told = [
        byte_tokenizer().decode(ids[mask == 1])
        for ids, mask in zip(batch["input_ids"], batch["completion_mask"], strict=True)
    ]
    assert row.kind == "step"
    assert told == [row.chosen, row.rejected]


def test_trl_takes_our_labels_and_draws_every_epoch_anew(tiny_model, tmp_path):
    import trl

    from meds3.learning.train import train

    job = job_of("sft", tiny_model, tmp_path, 24, packing="none", batch_size=4)
    seen = batches_of(trl.SFTTrainer, lambda: train(job))
    turns = [
        byte_tokenizer().decode(labels[labels != -100]) for b in seen for labels in b["labels"]
    ]
    told = [row.completion + "<|im_end|>" for row in sft_rows(24)]
    first, second = turns[:48], turns[48:]
    assert sorted(first) == sorted(second) == sorted(told)
    assert first != second
    lengths = [[int(mask.sum()) for mask in b["attention_mask"]] for b in seen]
    alike = sum(max(batch) - min(batch) <= 2 for batch in lengths)
    assert alike > len(lengths) / 2  # of random batches one in eight


@pytest.mark.slow
def test_the_embedded_model_ends_a_turn_with_im_end():
    from meds3.engines.models import ensure_model
    from meds3.engines.weights import load_tokenizer

    tokenizer = load_tokenizer(ensure_model("embedded"))
    assert tokenizer.decode([end_of_turn(tokenizer)]) == "<|im_end|>"
    prompt, whole = conversation(tokenizer, sft_rows(1)[0])
    assert whole == f"{prompt}{sft_rows(1)[0].completion}<|im_end|>\n"
