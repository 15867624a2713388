"""Prompts, worked examples and chat templates."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from meds3.answers.judge import verify
from meds3.answers.kinds import Answer, Choice, Label
from meds3.answers.verdict import Verdict
from meds3.chains.examples import all_examples, example_for
from meds3.chains.prompt import WorkedExample, hinted_messages, messages, question_text
from meds3.chains.template import ChatTemplate
from meds3.errors import InputError
from meds3.problems.gym.drugs import DRUGS
from meds3.problems.gym.registry import TASKS, make
from meds3.problems.problem import Domain, Problem

CHATML = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.mark.parametrize("example", all_examples(), ids=lambda e: e.problem.id)
def test_an_example_is_right_complete_and_short(example: WorkedExample) -> None:
    assert verify(example.chain.text, example.problem.answer).verdict is Verdict.CORRECT
    assert example.chain.complete
    assert len(example.chain.text.split()) <= 50


def test_no_example_names_a_drug_of_the_gym() -> None:
    gym = {drug.name for split in DRUGS.values() for drug in split}
    for example in all_examples():
        words = f"{question_text(example.problem)} {example.chain.text}".lower()
        assert not [name for name in gym if name in words]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("level", [1, 2])
def test_the_example_has_the_kind_of_the_problem(task: str, level: int) -> None:
    for problem in make(TASKS[task], level, "train", 0, 30):
        example = example_for(problem)
        assert example.problem.answer.kind == problem.answer.kind
        assert example.problem.answer != problem.answer or problem.answer.kind == "choice"


def test_messages_show_the_example_first_and_never_the_gold() -> None:
    problem = make(TASKS["calculator"], 1, "train", 0, 1)[0]
    bare = messages(problem, None)
    assert [m["role"] for m in bare] == ["user"]
    turns = messages(problem, example_for(problem))
    assert [m["role"] for m in turns] == ["user", "assistant", "user"]
    assert turns[-1] == bare[0]


def test_a_hinted_chat_shows_the_answer_and_is_otherwise_the_same_question() -> None:
    options = {"A": "aspirin", "B": "naloxone"}
    problem = Problem(
        id="p",
        dataset="d",
        domain=Domain.KNOWLEDGE_QA,
        question="What reverses opioids?",
        options=options,
        answer=Choice(letter="B", options=options),
    )
    (turn,) = hinted_messages(problem)
    assert turn["content"].startswith(question_text(problem))
    assert turn["content"].endswith(
        "\nWhy is B (naloxone) right? Tell in one short step, then end with 'The answer is B.'"
    )


def test_options_are_one_a_line() -> None:
    problem = make(TASKS["trial"], 1, "train", 0, 1)[0]
    assert "\nA. significantly increased\nB. " in question_text(problem)


def test_render_leaves_the_assistant_turn_open() -> None:
    template = ChatTemplate(CHATML, "<e>")
    assert template.render([{"role": "user", "content": "hi"}]) == "<|user|>hi<e><|assistant|>"


@pytest.mark.parametrize("source", ["{{ raise_exception('no') }}", "{% if %}", "{{ 1 + none }}"])
def test_a_template_that_fails_is_an_input_error(source: str) -> None:
    with pytest.raises(InputError, match="chat template"):
        ChatTemplate(source, "<e>").render([{"role": "user", "content": "hi"}])


def test_a_template_is_sandboxed() -> None:
    assert ChatTemplate("{{ ''.__class__ }}", "<e>").render([]) == ""


def test_a_directory_with_either_file(tmp_path: Path) -> None:
    config = {"eos_token": {"content": "<e>"}, "chat_template": CHATML}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert ChatTemplate.from_model(tmp_path) == ChatTemplate(CHATML, "<e>")
    (tmp_path / "chat_template.jinja").write_text("other")
    assert ChatTemplate.from_model(tmp_path).source == "other"


def test_a_model_without_a_template_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="chat_template"):
        ChatTemplate.from_model(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        ChatTemplate.from_model(tmp_path / "none.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\0" * 3)
    with pytest.raises(InputError, match="GGUF"):
        ChatTemplate.from_model(tmp_path / "bad.gguf")


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def test_a_gguf_gives_its_template_and_end_of_turn(tmp_path: Path) -> None:
    tokens = b"".join(map(_text, ("<a>", "<e>", "é")))
    body = struct.pack("<4sIQQ", b"GGUF", 3, 0, 3)
    body += _text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 3) + tokens
    body += _text("tokenizer.ggml.eos_token_id") + struct.pack("<II", 4, 1)
    body += _text("tokenizer.chat_template") + struct.pack("<I", 8) + _text(CHATML)
    path = tmp_path / "m.gguf"
    path.write_bytes(body)
    assert ChatTemplate.from_model(path) == ChatTemplate(CHATML, "<e>")


@pytest.mark.parametrize("example", all_examples(), ids=lambda example: example.problem.id)
def test_the_facts_of_an_example_stand_in_it(example) -> None:
    text = f"{example.problem.question} {example.problem.context} {example.chain.text}".casefold()
    assert example.facts
    assert not [fact for fact in example.facts if fact not in text]


def asked(kind: str, domain: Domain, options: int, context: str | None = None) -> str:
    """The name of the example for a question with so many options or labels."""
    names = tuple(f"name {i}" for i in range(options))
    letters = {chr(65 + i): name for i, name in enumerate(names)}
    choice = kind == "choice"
    answer: Answer = (
        Choice(letter="A", options=letters) if choice else Label(label=names[0], labels=names)
    )
    problem = Problem(
        id="x",
        dataset="x",
        domain=domain,
        question="Which?",
        context=context,
        options=letters if choice else None,
        answer=answer,
    )
    return example_for(problem).problem.id.removeprefix("example-")


def test_the_example_has_the_shape_of_the_question() -> None:
    clinical, long = Domain.CLINICAL_REASONING, Domain.LONG_CONTEXT_QA
    assert asked("label", clinical, 49, "Patient: …") == "differential"
    assert asked("label", Domain.MEDICAL_NLI, 3) == "label"
    assert asked("choice", clinical, 4) == "case"
    assert asked("choice", long, 20, "Doctor: …") == "dialogue"
    assert asked("choice", Domain.BIOMEDICAL_QA, 13) == "relation"
    assert asked("choice", Domain.BIOMEDICAL_QA, 3, "Abstract …") == "study"
    assert asked("choice", Domain.KNOWLEDGE_QA, 4) == "fact"
