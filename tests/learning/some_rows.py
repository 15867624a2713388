"""Rows of several problems, made by hand, with what it takes to train on them."""

from pathlib import Path
from typing import Any

from meds3.learning.config import DpoConfig, LoraConfig, PrmConfig, SftConfig
from meds3.learning.jobs import DpoJob, Job, PrmJob, SftJob
from meds3.learning.rows import DpoRow, PrmRow, SftRow, write_rows
from meds3.problems.problem import Domain

START = "Step 0: Let's break down this problem step by step."
# Two ways of one computation are held against each other to 1e-4: not in 16 bits.
FAST: dict[str, Any] = {
    "lr": 0.01,
    "epochs": 2,
    "lora": LoraConfig(r=4, alpha=8),
    "precision": "float32",
}


def head(number: int) -> dict[str, Any]:
    return {
        "problem_id": f"p{number}",
        "domain": Domain.MEDICAL_NLI,
        "dataset": "gym",
        "prompt": f"<|im_start|>user\nIs {number} so?<|im_end|>\n<|im_start|>assistant\n",
    }


def sft_rows(problems: int) -> list[SftRow]:
    """Two chains a problem, of unlike lengths."""
    return [
        SftRow(**head(n), completion=f"{START}\n\nStep 1: {text}\n\nStep 2: The answer is yes.")
        for n in range(problems)
        for text in (f"It is {n}.", f"So it seems to be, as {n} shows.")
    ]


def prm_rows(problems: int) -> list[PrmRow]:
    """Two chains a problem that share their first step and differ in its label."""
    return [
        PrmRow(
            **head(n),
            steps=[f"It is {n}.", f"The answer is {word}."],
            values=[value, end],
            labels=[value, end],
            end="finish",
        )
        for n in range(problems)
        for word, value, end in (("yes", 0.75, 1.0), ("no", 0.25, 0.0))
    ]


def dpo_rows(problems: int) -> list[DpoRow]:
    """A step pair and a finish pair a problem, in turn."""
    return [
        DpoRow(
            **head(n),
            chosen=f"{START}\n\nStep 1: The answer is yes.",
            rejected=f"{START}\n\nStep 1: The answer is no, or {n}.",
            kind="finish" if n % 2 else "step",
            depth=1,
        )
        for n in range(problems)
    ]


ROWS: dict[str, Any] = {"sft": sft_rows, "dpo": dpo_rows, "prm": prm_rows}
KINDS: dict[str, Any] = {
    "sft": (SftJob, SftConfig),
    "dpo": (DpoJob, DpoConfig),
    "prm": (PrmJob, PrmConfig),
}


def job_of(stage: str, model: Path, folder: Path, problems: int = 8, **config: Any) -> Job:
    """A job on rows of `problems` problems, all in `folder`."""
    kind, settings = KINDS[stage]
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"{stage}.jsonl"
    write_rows(data, ROWS[stage](problems))
    job: Job = kind(
        model=model, data=data, output=folder / "out", seed=3, config=settings(**FAST | config)
    )
    return job


def weights_of(folder: Path) -> dict[str, Any]:
    """All tensors of a saved model, as 32-bit floats."""
    from safetensors.torch import load_file

    return {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}


def largest_difference(one: Path, other: Path) -> float:
    a, b = weights_of(one), weights_of(other)
    assert set(a) == set(b)
    return max(float((a[name] - b[name]).abs().max()) for name in a)
