"""The Modelfile says what the model's own chat template says, or leaves the template out."""

from __future__ import annotations

from meds3.answering.config import AnsweringConfig
from meds3.chains.template import ChatTemplate
from meds3.evolution.export.modelfile import go_template, modelfile

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' "
    "+ '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# The embedded model's: a system line of its own where a chat brings none.
SMOLLM = (
    "{% if messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are helpful<|im_end|>\n' }}{% endif %}" + CHATML
)
LLAMA3 = (
    "{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' "
    "+ m['content'] + '<|eot_id|>' }}{% endfor %}"
)
REFUSES_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHATML
)
# ChatML to look at, but a thinking block is put before each answer.
THINKS = CHATML.replace("'<|im_start|>assistant\n'", "'<|im_start|>assistant\n<think>\n'")

# Checked against Go's text/template: it renders what the Jinja templates above render, for a
# bare question, a chat of three turns, a system turn, and an assistant turn to be continued.
GO = """\
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


def test_chatml_is_translated_with_its_own_system_line() -> None:
    bare, own = (go_template(ChatTemplate(source, "<|im_end|>")) for source in (CHATML, SMOLLM))
    assert bare is not None
    assert own is not None
    assert (bare.text, bare.stop, bare.system) == (GO, "<|im_end|>", "")
    assert (own.text, own.system) == (GO, "You are helpful")


def test_what_is_not_chatml_is_not_translated() -> None:
    for source in (LLAMA3, REFUSES_SYSTEM, THINKS):
        assert go_template(ChatTemplate(source, "<|eot_id|>")) is None


def test_the_file() -> None:
    answering = AnsweringConfig(temperature=0.7, top_p=0.9, top_k=20, max_tokens=64)
    text = modelfile(ChatTemplate(SMOLLM, "<|im_end|>"), answering, "policy.gguf", 4096, 96)
    lines = text.splitlines()
    assert "FROM ./policy.gguf" in lines
    assert f'TEMPLATE """{GO}"""' in text
    assert 'SYSTEM """You are helpful"""' in lines
    assert {line for line in lines if line.startswith("PARAMETER")} == {
        'PARAMETER stop "<|im_end|>"',
        "PARAMETER temperature 0.7",
        "PARAMETER top_p 0.9",
        "PARAMETER top_k 20",
        "PARAMETER repeat_penalty 1.0",
        "PARAMETER num_predict 96",
        "PARAMETER num_ctx 4096",
    }
    assert "not a medical device" in text.split('LICENSE """')[1]


def test_without_a_translation_the_file_says_what_to_look_at() -> None:
    text = modelfile(ChatTemplate(LLAMA3, "<|eot_id|>"), AnsweringConfig(), "policy.gguf", 4096, 96)
    assert "TEMPLATE" not in [line.split(" ")[0] for line in text.splitlines()]
    assert "ollama show --template" in text
    assert 'PARAMETER stop "<|eot_id|>"' in text
