"""A tiny random model in a folder, with a tokenizer whose special tokens are ChatML's."""

from pathlib import Path

import pytest

from tests.learning.tiny_tokenizer import byte_tokenizer


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tests.rewards.tiny import tiny_llama

    folder = tmp_path_factory.mktemp("tiny")
    model = tiny_llama()
    model.config.eos_token_id = 2
    model.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder
