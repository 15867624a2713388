"""The model's own chat template: how turns become one prompt."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from meds3.chains.gguf_header import GgufHeader
from meds3.errors import InputError

_FIX = "use an instruct model, whose files carry a chat template"


@dataclass(frozen=True)
class ChatTemplate:
    """Jinja `source`, and `end_of_turn`: the text that ends the assistant's turn."""

    source: str
    end_of_turn: str
    beginning: str = ""

    def render(self, messages: list[dict[str, str]]) -> str:
        """The prompt with the assistant turn left open.

        Raises `InputError` when the template is broken or rejects the messages.
        """
        try:
            return _compiled(self.source).render(
                messages=messages,
                add_generation_prompt=True,
                bos_token=self.beginning,
                eos_token=self.end_of_turn,
                tools=None,
            )
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise InputError(f"chat template: {error}", _FIX) from error

    @staticmethod
    def from_model(path: Path) -> ChatTemplate:
        """The template of a GGUF file or a Hugging Face directory.

        Raises `InputError` when the model is missing or carries no template.
        """
        if path.is_dir():
            return _from_directory(path)
        if path.is_file():
            return _from_gguf(path)
        raise InputError(
            f"model {path}: no such file or directory", "meds3 model pull, or mend the path"
        )


@lru_cache(maxsize=8)
def _compiled(source: str) -> jinja2.Template:
    # Sandboxed: a template comes with a model somebody else made.
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols"],
        autoescape=False,
    )
    environment.globals["raise_exception"] = _reject
    return environment.from_string(source)


def _reject(message: str) -> None:
    raise jinja2.TemplateError(message)


def _from_gguf(path: Path) -> ChatTemplate:
    try:
        header = GgufHeader(path)
    except (ValueError, struct.error) as error:
        raise InputError(
            f"model {path}: not a whole GGUF file ({error})", "meds3 model pull --force"
        ) from error
    source = header.values.get("tokenizer.chat_template")
    if not isinstance(source, str) or not source:
        raise InputError(f"model {path} carries no tokenizer.chat_template", _FIX)

    def text_of(name: str) -> str | None:
        index = header.values.get(f"tokenizer.ggml.{name}_token_id")
        return header.token(index) if isinstance(index, int) else None

    end = text_of("eos")
    if not end:
        raise InputError(f"model {path} names no end-of-text token", _FIX)
    return ChatTemplate(source, end, text_of("bos") or "")


def _from_directory(path: Path) -> ChatTemplate:
    config = _json(path / "tokenizer_config.json")
    file = path / "chat_template.jinja"
    source = file.read_text("utf-8") if file.is_file() else config.get("chat_template")
    if isinstance(source, list):  # several named templates
        named = {entry.get("name"): entry.get("template") for entry in source}
        source = named.get("default")
    if not isinstance(source, str) or not source:
        raise InputError(
            f"model {path}: neither chat_template.jinja nor a chat_template in "
            "tokenizer_config.json",
            _FIX,
        )
    end = _token(config.get("eos_token"))
    if not end:
        raise InputError(f"model {path}: tokenizer_config.json names no eos_token", _FIX)
    return ChatTemplate(source, end, _token(config.get("bos_token")))


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        body = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"{path} line {error.lineno}: not valid JSON: {error.msg}") from error
    return body if isinstance(body, dict) else {}


def _token(value: Any) -> str:
    """Hugging Face writes a token as text or as an object with `content`."""
    found = value.get("content") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""
