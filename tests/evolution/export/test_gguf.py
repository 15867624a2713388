"""The real model as Q8_0 and F16 GGUF answers in the embedded engine as it does in transformers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from meds3.answering.prompting import open_prompt
from meds3.answers.kinds import Choice, Label, Span
from meds3.chains.template import ChatTemplate
from meds3.engines.build import build_engine
from meds3.engines.config import EngineConfig
from meds3.engines.protocol import Sampling
from meds3.evolution.export.package import export
from meds3.evolution.export.writers import Request
from meds3.problems.problem import Domain, Problem
from tests.evolution.export.runs import made_run
from tests.learning.greedy import worst_choice

pytestmark = [pytest.mark.slow, pytest.mark.model]
TOKENS = 32
# Nats by which the engine's token may be less likely than the best one where the texts part. The
# engine keeps its KV cache in 8 bits, and Q8_0 the weights too: near ties may fall otherwise.
MARGIN = {"f16": 0.05, "q8_0": 0.3}
_OPTIONS = {"A": "naloxone", "B": "aspirin"}
_ANSWERS = {
    "Which drug reverses an opioid overdose?": Choice(letter="A", options=_OPTIONS),
    "A 60-year-old man takes metformin 500 mg twice daily. What is its dose?": Span(text="500 mg"),
    "Does smoking raise the risk of lung cancer?": Label(label="yes", labels=("yes", "no")),
}
QUESTIONS = [
    Problem(
        id=f"q{i}",
        dataset="made-up",
        domain=Domain.KNOWLEDGE_QA,
        question=question,
        options=_OPTIONS if isinstance(answer, Choice) else None,
        answer=answer,
    )
    for i, (question, answer) in enumerate(_ANSWERS.items())
]


@pytest.fixture(scope="module")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose kept policy is the embedded model, saved in 16 bits as a training saves it."""
    import torch

    from meds3.engines.forms import trainable
    from meds3.engines.models import ensure_model
    from meds3.engines.weights import load_causal_lm

    run = made_run(tmp_path_factory.mktemp("runs") / "made-up", [True])
    model, tokenizer = load_causal_lm(trainable(ensure_model("embedded")))
    folder = run.round(1) / "policy"
    model.to(torch.float16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (run.round(1) / "prm").mkdir()
    return run.root


def greedy_embedded(model: Path, prompts: list[str], tokenizer: Any) -> list[list[int]]:
    async def ask() -> list[str]:
        exact = EngineConfig(kind="openvino", cache_gb=0.5, quantized_activations=False)
        engine = build_engine(exact, model)
        sampling = Sampling(n=1, temperature=0.0, max_tokens=TOKENS)
        try:
            done = await asyncio.gather(*(engine.generate(p, sampling) for p in prompts))
        finally:
            await engine.close()
        return [completions[0].text for completions in done]

    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in asyncio.run(ask())]


def test_both_quantizations_answer_as_transformers_does(real_run: Path, tmp_path: Path) -> None:
    from meds3.engines.models import ensure_model
    from meds3.engines.weights import load_causal_lm

    model, tokenizer = load_causal_lm(real_run / "round-1" / "policy")
    template = ChatTemplate.from_model(real_run / "round-1" / "policy")
    prompts = [open_prompt(template, q, "bare") for q in QUESTIONS]
    ids = [tokenizer(p, add_special_tokens=False)["input_ids"] for p in prompts]
    shared: dict[str, list[int]] = {}
    for quantization, margin in MARGIN.items():
        out = tmp_path / quantization
        # As for a run that began with a Hugging Face model, and as for this one.
        base = ensure_model("embedded") if quantization == "f16" else None
        request = Request(out, quantization=quantization, base_gguf=base)  # type: ignore[arg-type]
        export(real_run, request)
        assert (out / "Modelfile").is_file()
        assert ChatTemplate.from_model(out / "policy.gguf") == template
        found = greedy_embedded(out / "policy.gguf", prompts, tokenizer)
        parted = [worst_choice(model, p, w) for p, w in zip(ids, found, strict=True)]
        assert all(gap < margin for _, gap in parted), (quantization, parted)
        shared[quantization] = [tokens for tokens, _ in parted]
    assert sum(shared["f16"]) >= 2 * TOKENS, shared  # it is the same model, not a like one
    sizes = [(tmp_path / q / "policy.gguf").stat().st_size for q in MARGIN]
    assert sizes[1] < 0.6 * sizes[0]
