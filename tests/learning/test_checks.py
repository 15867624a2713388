"""What is looked for before a training begins."""

import pytest

from meds3.errors import InputError
from meds3.learning.checks import check_prompts, check_steps, check_tree_packing
from meds3.learning.sft import sft_items
from meds3.learning.train import train
from meds3.rewards.packing import attention_window
from tests.learning.some_rows import job_of, sft_rows
from tests.learning.tiny_tokenizer import byte_tokenizer

pytestmark = pytest.mark.model


def test_a_prompt_that_begins_twice_is_refused(tmp_path):
    job = job_of("sft", "m", tmp_path)
    tokenizer = byte_tokenizer(bos_token="<|im_start|>")
    check_prompts(job, tokenizer, ["<|im_start|>user\nx"])
    check_prompts(job, byte_tokenizer(), ["<|im_start|><|im_start|>x"])  # no beginning token
    with pytest.raises(InputError, match=r"'<\|im_start\|>' twice"):
        check_prompts(job, tokenizer, ["fine", "<|im_start|><|im_start|>user\nx"])


def test_a_tokenizer_that_adds_to_each_step_is_refused(tmp_path):
    check_steps(job_of("prm", "m", tmp_path), byte_tokenizer())
    with pytest.raises(InputError, match="changes steps"):
        check_steps(job_of("prm", "m", tmp_path), byte_tokenizer(add_prefix_space=True))


def test_rows_that_do_not_fit_are_counted(tmp_path, capsys):
    rows = sft_rows(5)  # two chains each; the second one is the longer
    tokenizer = byte_tokenizer()
    (longest,) = {len(tokenizer(r.prompt + r.completion)["input_ids"]) + 1 for r in rows[1::2]}
    sft_items(job_of("sft", "m", tmp_path, max_length=longest), rows, tokenizer)
    assert capsys.readouterr().out == ""
    items = sft_items(job_of("sft", "m", tmp_path, max_length=longest - 1), rows, tokenizer)
    assert sum(len(item.pack.paths) for item in items) == 5
    assert f"left out: 5 of 10 rows are longer than max_length {longest - 1}" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("stage", ["sft", "prm", "dpo"])
@pytest.mark.parametrize("packing", ["tree", "none"])
def test_rows_of_which_none_fits_are_refused(tiny_model, tmp_path, stage, packing):
    more = {} if stage == "dpo" else {"packing": packing}
    with pytest.raises(InputError, match=r"no row of .* fits max_length 20"):
        train(job_of(stage, tiny_model, tmp_path, max_length=20, **more))


def test_windows_are_read_from_the_config():
    from transformers import Gemma3TextConfig, LlamaConfig, MistralConfig, Qwen2Config

    assert attention_window(LlamaConfig()) is None
    assert attention_window(Gemma3TextConfig(sliding_window=64)) == 64
    assert attention_window(MistralConfig(sliding_window=4096)) == 4096
    assert attention_window(MistralConfig(sliding_window=None)) is None
    assert attention_window(Qwen2Config()) is None  # it has a window and does not use it
    used = Qwen2Config(
        use_sliding_window=True, sliding_window=99, num_hidden_layers=4, max_window_layers=2
    )
    assert attention_window(used) == 99


def test_a_model_whose_mask_is_ignored_is_refused(tiny_model, tmp_path):
    """A fault injected: the body takes the tree mask and does not use it."""
    from meds3.engines.weights import load_causal_lm

    model, _ = load_causal_lm(tiny_model)
    job = job_of("sft", tiny_model, tmp_path)
    check_tree_packing(job, model, 100)
    normal = model.model.forward

    def deaf(*args, attention_mask=None, **kwargs):
        return normal(*args, **kwargs)

    model.model.forward = deaf
    with pytest.raises(InputError, match="otherwise than single"):
        check_tree_packing(job, model, 100)
    check_tree_packing(job_of("sft", tiny_model, tmp_path, packing="none"), model, 100)
