"""An Ollama Modelfile for an exported GGUF: https://docs.ollama.com/modelfile."""

from __future__ import annotations

from dataclasses import dataclass

from meds3 import SAFETY_NOTE
from meds3.answering.config import AnsweringConfig
from meds3.chains.template import ChatTemplate
from meds3.errors import InputError

# What Ollama runs when a GGUF's own template is ChatML. The last turn of an assistant stays open,
# so that a chain can be continued.
_CHATML = """\
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 }}
{{- if eq .Role "assistant" }}<|im_start|>assistant
{{ .Content }}{{ if not $last }}<|im_end|>
{{ end }}
{{- else }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ if $last }}<|im_start|>assistant
{{ end }}
{{- end }}
{{- end }}"""
_USER = {"role": "user", "content": "¶ first"}
_PROBES: tuple[list[dict[str, str]], ...] = (
    [_USER],
    [_USER, {"role": "assistant", "content": "¶ second"}, {"role": "user", "content": "¶ third"}],
    [{"role": "system", "content": "¶ zeroth"}, _USER],
)


@dataclass(frozen=True)
class GoTemplate:
    """`system`: the line that the model's own template puts in when a chat brings none."""

    text: str
    stop: str
    system: str


def go_template(template: ChatTemplate) -> GoTemplate | None:
    """The chat template in Ollama's language; None for one that is not ChatML.

    ChatML is recognised by what the template renders, not by its text.
    """
    try:
        rendered = [template.render(probe) for probe in _PROBES]
    except InputError:  # it refuses a system turn, say
        return None
    system = _default_system(rendered[0])
    if system is None:
        return None
    lead = [{"role": "system", "content": system}] if system else []
    wanted = [_chatml(lead + _PROBES[0]), _chatml(lead + _PROBES[1]), _chatml(_PROBES[2])]
    if rendered != wanted:
        return None
    return GoTemplate(_CHATML, "<|im_end|>", system)


def modelfile(
    template: ChatTemplate, answering: AnsweringConfig, gguf: str, context: int, tokens: int
) -> str:
    """The Modelfile beside `gguf`: sampling as the run's own evaluation sampled, at most `tokens`
    of an answer and `context` in all."""
    translated = go_template(template)
    lines = ["# ollama create NAME -f Modelfile", f"# {SAFETY_NOTE}", f"FROM ./{gguf}", ""]
    if translated is None:
        lines += [
            "# No TEMPLATE: this model's chat template was not translated. Ollama takes the one in",
            "# the GGUF if it knows it; look with `ollama show --template NAME` before use.",
        ]
    else:
        lines.append(f'TEMPLATE """{translated.text}"""')
        if translated.system:
            lines.append(f'SYSTEM """{translated.system}"""')
    lines += [
        "",
        f'PARAMETER stop "{translated.stop if translated else template.end_of_turn}"',
        f"PARAMETER temperature {answering.temperature}",
        f"PARAMETER top_p {answering.top_p}",
        f"PARAMETER top_k {answering.top_k}",
        "PARAMETER repeat_penalty 1.0",  # Ollama's own default punishes a step that quotes the text
        f"PARAMETER num_predict {tokens}",
        f"PARAMETER num_ctx {context}",
        "",
        f'LICENSE """{SAFETY_NOTE} The licences of the base model and of the training data are in '
        'README.md."""',
    ]
    return "\n".join(lines) + "\n"


def _chatml(messages: list[dict[str, str]]) -> str:
    turns = [f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages]
    return "".join(turns) + "<|im_start|>assistant\n"


def _default_system(rendered: str) -> str | None:
    """The system text before the first user turn ("" for none); None when it is no ChatML."""
    before, found, _ = rendered.partition(f"<|im_start|>user\n{_USER['content']}")
    if not found:
        return None
    head, tail = "<|im_start|>system\n", "<|im_end|>\n"
    if before.startswith(head) and before.endswith(tail):
        return before.removeprefix(head).removesuffix(tail)
    return None if before else ""
