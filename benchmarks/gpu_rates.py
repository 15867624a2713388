"""Tokens per second of the transformers engine and of both packed trainings, on one device.

    python benchmarks/gpu_rates.py                                    # the embedded model
    python benchmarks/gpu_rates.py --shape 8b --sequences 64 256      # random weights
    python benchmarks/gpu_rates.py --together 1 8 16 --no-engine

*Engine*: `--calls` prompts of about 150 tokens, 4 samples each of at most 64 tokens, all sent at
once, for every `--sequences`. A model with random weights never ends a turn, so all its tokens are
useful; a real one's batches run until their last sequence ends. *Training*: LoRA of rank 16 (SFT)
and 32 (PRM) over packs of a 250-token prompt with three chains of 30 tokens (SFT: loss on all of
them; PRM: on two steps of each), products in bfloat16, weights and optimiser in float32, for every
`--together`. Medians of `--repeats`. Memory is the peak of torch's allocator on a GPU.

What it does not show: how well anything learns, and the search (`search_throughput.py`). Prints
tables and a last line of JSON; needs `pip install 'meds3[train]'`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from engine_rate import synthetic
from search_bench import table

from meds3.engines.forms import trainable
from meds3.engines.models import ensure_model
from meds3.engines.protocol import Sampling
from meds3.engines.transformers import TransformersEngine
from meds3.engines.weights import load_causal_lm, load_tokenizer
from meds3.learning.adapters import with_adapters
from meds3.learning.config import LoraConfig
from meds3.learning.prm import prm_loss
from meds3.learning.prm_items import PrmItem, join_prm_items
from meds3.learning.sft import SftItem, join_sft_items, sft_loss
from meds3.rewards.packing import pack_chains
from meds3.rewards.prm_model import prm_from_policy
from meds3.runs.manifest import hardware

# Meta's Llama-3.1-8B, but for the vocabulary, which is the embedded tokenizer's.
SHAPES: dict[str, dict[str, int]] = {
    "8b": {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    }
}
PROMPT, CHAINS, CHAIN = 250, 3, 30


def model_of(shape: str | None, device: str, dtype: torch.dtype) -> Any:
    """The embedded model, or one of `shape` with random weights."""
    source = trainable(ensure_model("embedded"))
    if shape is None:
        return load_causal_lm(source, dtype)[0].to(device)
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(source)
    config.update({**SHAPES[shape], "head_dim": 128})
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, dtype=dtype)


def synchronize(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def peak_gib(device: str) -> float | None:
    if not device.startswith("cuda"):
        return None
    peak = torch.cuda.max_memory_allocated() / 2**30
    torch.cuda.reset_peak_memory_stats()
    return round(peak, 2)


async def generated(model: Any, sequences: int, given: argparse.Namespace) -> dict[str, Any]:
    """One flat batch of calls; the first of `--repeats` warms up and is not counted."""
    tokenizer = load_tokenizer(trainable(ensure_model("embedded")))
    engine = TransformersEngine(
        model, tokenizer, "bench", max_sequences=sequences, cache_gb=given.cache_gb
    )
    calls = synthetic(given.calls, 4, 64)
    rates: list[float] = []
    tokens = 0
    for repeat in range(given.repeats + 1):
        began = time.perf_counter()
        done = await asyncio.gather(
            *(
                engine.generate(
                    call["prompt"],
                    Sampling(n=call["n"], max_tokens=64, temperature=0.6, seed=100 * repeat + i),
                )
                for i, call in enumerate(calls)
            )
        )
        seconds = time.perf_counter() - began
        tokens = sum(c.tokens for completions in done for c in completions)
        rates.append(tokens / seconds)
    return {
        "sequences": sequences,
        "calls": len(calls),
        "tokens": tokens,
        "tokens/s": round(statistics.median(rates[1:])),
        "GiB": peak_gib(given.device),
    }


def sft_item(ids: Callable[[int], list[int]]) -> SftItem:
    (pack,) = pack_chains(ids(PROMPT), [[ids(CHAIN)] for _ in range(CHAINS)], 10**6)
    at = [i for (s,) in pack.paths for i in range(pack.spans[s][0], pack.spans[s][1] - 1)]
    return SftItem(pack, at, [pack.input_ids[i + 1] for i in at], 1 / len(at))


def prm_item(ids: Callable[[int], list[int]]) -> PrmItem:
    half = CHAIN // 2
    (pack,) = pack_chains(ids(PROMPT), [[ids(half), ids(half)] for _ in range(CHAINS)], 10**6)
    segments = [segment for path in pack.paths for segment in path]
    weights = [1 / len(segments)] * len(segments)
    return PrmItem(pack, segments, [float(s % 2) for s in segments], weights)


def trained(stage: str, together: int, given: argparse.Namespace) -> dict[str, Any]:
    """Steps of one pass each, the first two not counted."""
    draw = random.Random(0)
    ids = lambda count: [draw.randrange(5, 40_000) for _ in range(count)]  # noqa: E731
    causal = model_of(given.shape, given.device, torch.float32)
    causal.config.use_cache = False
    loss_of: Callable[[Any, Any], torch.Tensor]
    if stage == "sft":
        model, loss_of = with_adapters(causal, LoraConfig()), sft_loss
        items = [join_sft_items([sft_item(ids) for _ in range(together)])]
    else:
        model = with_adapters(prm_from_policy(causal), LoraConfig(r=32, alpha=64), ["score"])
        model, loss_of = model.to(given.device), prm_loss
        items = [join_prm_items([prm_item(ids) for _ in range(together)])]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    model.train()
    seconds: list[float] = []
    peak_gib(given.device)
    for _ in range(given.repeats + 2):
        began = time.perf_counter()
        with torch.autocast(given.device.split(":")[0], torch.bfloat16):
            loss = loss_of(model, items[0])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        synchronize(given.device)
        seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds[2:])
    tokens = len(items[0].pack)
    return {
        "stage": stage,
        "together": together,
        "tokens/s": round(tokens / median),
        "chains/s": round(together * CHAINS / median, 1),
        "GiB": peak_gib(given.device),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, help="random weights; default: embedded model")
    parser.add_argument("--sequences", type=int, nargs="+", default=[64, 512, 2048])
    parser.add_argument("--calls", type=int, default=512)
    parser.add_argument("--cache-gb", type=float, default=32.0)
    parser.add_argument("--together", type=int, nargs="*", default=[1, 8, 16])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-engine", dest="engine", action="store_false")
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    engine, training = [], []
    if given.engine:
        dtype = torch.bfloat16 if given.device.startswith("cuda") else torch.float32
        model = model_of(given.shape, given.device, dtype)
        engine = [asyncio.run(generated(model, s, given)) for s in given.sequences]
        print(table(engine), end="\n\n", flush=True)
        del model
    for stage in ("sft", "prm"):
        training += [trained(stage, together, given) for together in given.together]
    if training:
        print(table(training), end="\n\n")
    name = torch.cuda.get_device_name() if given.device.startswith("cuda") else "cpu"
    print(
        json.dumps(
            {
                "benchmark": "gpu_rates",
                "device": name,
                "shape": given.shape or "embedded",
                "engine": engine,
                "training": training,
                "hardware": hardware(),
            }
        )
    )


if __name__ == "__main__":
    main()
