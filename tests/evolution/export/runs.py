"""Run directories made by hand: everything an export reads, nothing computed but two adapters."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from meds3.evaluation.results import write_results
from meds3.evolution.config import RunConfig
from meds3.evolution.outcome import gate_stage
from meds3.learning.config import LoraConfig
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.runs.manifest import open_manifest
from tests.evaluation.made_up import report_data

SECRET = "Mrs Example of 12 Sample Street has what?"
SOURCES = [
    {"kind": "gym", "seeds": 2, "heldout": 1},
    {"kind": "jsonl", "path": "/home/somebody/ward.jsonl", "seeds": 2, "heldout": 1},
    {"kind": "dataset", "name": "medqa", "seeds": 1},
]


def problem(dataset: str, number: int) -> dict[str, Any]:
    return {
        "id": f"{dataset}-{number}",
        "dataset": dataset,
        "domain": "knowledge_qa",
        "question": SECRET,
    }


def made_run(root: Path, gates: list[bool], **config: Any) -> RunDirectory:
    """A run whose rounds ended as `gates` say. Its policies are for the caller to put there."""
    run = RunDirectory(root)
    settings = RunConfig.model_validate(
        {"name": "made-up", "rounds": len(gates), "problems": {"sources": SOURCES}, **config}
    )
    open_manifest(run, settings.model_dump(mode="json"), settings.science(), "0" * 64)
    with Journal(run.journal_path) as journal:
        journal.add_problems("seed", [problem(d, i) for d in ("gym-dose", "ward") for i in (1, 2)])
        journal.add_problems("seed", [problem("medqa", 1)])
        journal.add_problems("heldout", [problem(d, 9) for d in ("gym-dose", "ward")])
        for number, kept in enumerate(gates, 1):
            journal.finish_stage(gate_stage(number), "in", "out", {"kept": kept}, 1.0)
            run.round(number).mkdir()
            rows = [{"dataset": d, "prompt": SECRET} for d in ("gym-dose", "ward", "ward")]
            for kind in ("sft", "prm"):
                text = "".join(json.dumps(row) + "\n" for row in rows)
                (run.round(number) / f"{kind}.jsonl").write_text(text)
    write_results(run.results_path, report_data().results)
    return run


def add_policies(run: RunDirectory, base: Path, rounds: int) -> list[Any]:
    """`policy/` with its adapter for each round, each trained on the one before; the models."""
    import torch

    from meds3.engines.weights import load_causal_lm
    from meds3.learning.adapters import merged, with_adapters
    from meds3.learning.kept_adapter import ADAPTER_NAME, adapter_writer

    model, tokenizer = load_causal_lm(base)
    models = []
    for number in range(1, rounds + 1):
        torch.manual_seed(number)
        adapted = with_adapters(model, LoraConfig(r=4, alpha=8))
        with torch.no_grad():
            for name, weight in adapted.named_parameters():
                if "lora_B" in name:
                    weight.normal_(std=0.2)
        write, model = adapter_writer(adapted), merged(adapted)
        folder = run.round(number) / "policy"
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        write(folder / ADAPTER_NAME)
        models.append(load_causal_lm(folder)[0])
    return models


def add_prm(run: RunDirectory, number: int) -> None:
    """`prm/` from the round's policy, its head as it starts."""
    from meds3.engines.weights import load_causal_lm
    from meds3.rewards.prm_model import prm_from_policy

    causal, tokenizer = load_causal_lm(run.round(number) / "policy")
    folder = run.round(number) / "prm"
    prm_from_policy(causal, seed=3).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def blank_policy(run: RunDirectory, number: int) -> None:
    """Folders that only look like a policy and a PRM, where no weights are read."""
    (run.round(number) / "prm").mkdir()
    folder = run.round(number) / "policy"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "policy.gguf").write_bytes(b"GGUF")


def drop(folder: Path) -> None:
    shutil.rmtree(folder)
