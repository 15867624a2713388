"""A tokenizer of bytes with ChatML's special tokens, and chat templates to try it with."""

from typing import Any

# As the embedded model has it: every turn is closed by the end token and a newline.
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_NEWLINE = CHATML.replace("<|im_end|>\n", "<|im_end|>")
LEFT_OPEN = NO_NEWLINE.replace(
    "<|im_end|>", "{% if m['role'] == 'user' %}<|im_end|>{% endif %}"
)  # an answer is closed by nothing
BARE = "{% for m in messages %}<|im_start|>{{ m['content'] }}{% endfor %}"  # closes nothing


def byte_tokenizer(template: str = BARE, **options: Any) -> Any:
    """256 tokens: three special ones and (nearly) all bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())[:253]
    vocabulary = {"<|endoftext|>": 0, "<|im_start|>": 1, "<|im_end|>": 2}
    vocabulary |= {letter: i for i, letter in enumerate(alphabet, 3)}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<|endoftext|>"))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=options.pop("add_prefix_space", False)
    )
    raw.decoder = decoders.ByteLevel()
    settings = {
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "additional_special_tokens": ["<|im_start|>"],
        "chat_template": template,
    }
    return PreTrainedTokenizerFast(tokenizer_object=raw, **(settings | options))
