"""SFT and PRM training of this project beside a plain loop over the same chains.

    python benchmarks/training_speed.py
    python benchmarks/training_speed.py --data runs/NAME/round-1 --chains 96 --pairs 5

*ours*: packed sequences (the prompt and the steps that chains share are computed once), logits of
the vocabulary only where the loss needs them. *plain*: one chain a row, batches of 8 padded to the
longest, logits of the vocabulary at every position. Both: fp32, LoRA of the same rank on the same
layers, AdamW, one optimiser step for every 8 chains, one pass over the chains a measurement; the
model is loaded once and both run in one process, in turn first. *top*: ours with adapters in the
upper half of the layers only (`lora.top_layers`), below which nothing is back-propagated. It trains
less, so it is not what the ratio is made of. *bf16*: ours with products in bfloat16 (`precision`),
where the CPU has instructions for it. *bf16-exact*: that with lengths not rounded up; take some
hundred chains, for the kernels of few lengths are all kept from one pass to the next.

The ratio by processor time holds on a machine that does other things as well, best with
`OMP_NUM_THREADS=1`: threads that wait for each other at every product lose most there.

Useful tokens are those of every chain with its own prompt; computed tokens are those that went
through the model. Peak memory is of a process of its own for each. What it does not show: how well
the trained models do. Prints a table and one line of JSON; needs `pip install 'meds3[train]'` and
the training files of a finished run.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

import plain_training as plain
from search_bench import report, table

from meds3.engines.forms import trainable
from meds3.engines.models import ensure_model
from meds3.engines.weights import load_causal_lm
from meds3.errors import InputError
from meds3.learning.adapters import with_adapters
from meds3.learning.config import LoraConfig, PrmConfig, SftConfig
from meds3.learning.jobs import PrmJob, SftJob
from meds3.learning.precision import computes_bfloat16
from meds3.learning.prm import prm_loss
from meds3.learning.prm_items import prm_items
from meds3.learning.rows import PrmRow, SftRow, read_rows
from meds3.learning.sft import sft_items, sft_loss
from meds3.rewards import packing
from meds3.rewards.prm_model import prm_from_policy

VARIANTS = ("ours", "plain", "top", "bf16", "bf16-exact")
HALF = {"bf16", "bf16-exact"}
STAGES = ("sft", "prm")
DEMO = Path("runs/cpu-demo/round-1")
# One unit of work: chains in it, tokens that are computed for it, and its loss.
Work = tuple[int, int, Callable[[], Any]]


@dataclass(frozen=True)
class Pass:
    """One pass over the chains. `cpu_seconds` are those of all threads of this process."""

    seconds: float
    cpu_seconds: float
    computed: int


@dataclass(frozen=True)
class Bench:
    """One stage made ready: `work` gives the passes of a variant, in order."""

    model: Any
    chains: int
    useful: int
    work: Callable[[str, int], list[Work]]


def chosen(rows: list[Any], chains: int) -> list[Any]:
    """The first `chains` rows."""
    if len(rows) < chains:
        raise InputError(
            f"--chains {chains}: the file has {len(rows)} rows", f"--chains {len(rows)}"
        )
    return rows[:chains]


def prepared(stage: str, top: bool, given: argparse.Namespace) -> Bench:
    """Model with adapters and both forms of the same chains."""
    causal, tokenizer = load_causal_lm(trainable(ensure_model(given.model)))
    layers = causal.config.num_hidden_layers // 2 if top else None
    pad = tokenizer.pad_token_id
    paths = {"model": Path(), "data": given.data / f"{stage}.jsonl", "output": Path("none")}
    if stage == "sft":
        rows = chosen(read_rows(paths["data"], SftRow), given.chains)
        model = with_adapters(causal, LoraConfig(top_layers=layers))
        items: list[Any] = sft_items(SftJob(**paths, config=SftConfig()), rows, tokenizer)
        plain_rows = [plain.sft_row(row, tokenizer) for row in rows]
        ours, theirs = sft_loss, plain.sft_loss
    else:
        rows = chosen(read_rows(paths["data"], PrmRow), given.chains)
        body = prm_from_policy(causal)
        model = with_adapters(body, LoraConfig(r=32, alpha=64, top_layers=layers), ["score"])
        items = prm_items(PrmJob(**paths, config=PrmConfig()), rows, tokenizer)
        plain_rows = [plain.prm_row(row, tokenizer) for row in rows]
        ours, theirs = prm_loss, plain.prm_loss
    model.config.use_cache = False

    def work(variant: str, seed: int) -> list[Work]:
        if variant == "plain":
            return [
                (len(b.rows), b.computed, lambda b=b: theirs(model, b, pad))
                for b in plain.batches(plain_rows, seed)
            ]
        return [(len(i.pack.chains), len(i.pack), lambda i=i: ours(model, i)) for i in items]

    return Bench(model, len(rows), sum(len(row.ids) for row in plain_rows), work)


def steps(work: list[Work]) -> Iterator[list[Work]]:
    """Work in groups of at least 8 chains: an optimiser step each."""
    ends, seen = [], 0
    for chains, _, _ in work:
        seen += chains
        ends.append((seen - chains) // plain.BATCH)
    for _, group in groupby(zip(ends, work, strict=True), key=lambda pair: pair[0]):
        yield [one for _, one in group]


def one_pass(bench: Bench, variant: str, seed: int) -> Pass:
    """Forward, backward and step over every chain once, by the clock."""
    import torch

    half = torch.autocast("cpu", torch.bfloat16, enabled=variant in HALF)
    multiple = 1 if variant == "bf16-exact" else packing.CPU_BFLOAT16_MULTIPLE
    weights = [w for w in bench.model.parameters() if w.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=1e-6)  # so that all passes meet the same model
    bench.model.train()
    work = bench.work(variant, seed)
    began, cpu = time.perf_counter(), time.process_time()
    for group in steps(work):
        for _, _, loss in group:
            with half, patch.object(packing, "CPU_BFLOAT16_MULTIPLE", multiple):
                one = loss()
            one.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Pass(round(seconds, 2), round(cpu, 2), sum(computed for _, computed, _ in work))


def peak_mib(stage: str, variant: str, given: argparse.Namespace) -> int:
    """Peak resident memory of a process that does one pass of one variant."""
    command = [sys.executable, __file__, "--one", stage, variant, "--data", str(given.data)]
    command += ["--model", given.model, "--chains", str(given.chains)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout.splitlines()[-1])["peak_mib"])


def measured(stage: str, given: argparse.Namespace) -> list[dict[str, Any]]:
    """A line for each variant; `ratio` is chains per second over the plain loop's."""
    wanted = [
        v for v in VARIANTS if v in given.only and (v not in HALF or computes_bfloat16(False))
    ]
    passes: dict[str, list[Pass]] = {variant: [] for variant in wanted}
    benches = {top: prepared(stage, top, given) for top in {v == "top" for v in wanted}}
    for pair in range(given.pairs):
        order = wanted[pair % len(wanted) :] + wanted[: pair % len(wanted)]
        for variant in order:
            done = one_pass(benches[variant == "top"], variant, pair)
            passes[variant].append(done)
            print(f"# {stage} {variant}: {json.dumps(asdict(done))}", flush=True)
    rows = []
    for variant in wanted:
        bench = benches[variant == "top"]
        seconds = statistics.median(done.seconds for done in passes[variant])
        pairs = list(zip(passes.get("plain", []), passes[variant], strict=False))
        ratios = {
            field: round(
                statistics.median(getattr(p, field) / getattr(o, field) for p, o in pairs), 2
            )
            for field in ("seconds", "cpu_seconds")
            if pairs
        }
        rows.append(
            {
                "": f"{stage}, {variant}",
                "chains": bench.chains,
                "seconds": round(seconds, 2),
                "chains/s": round(bench.chains / seconds, 2),
                "useful tokens/s": round(bench.useful / seconds, 1),
                "useful tokens": bench.useful,
                "computed tokens": round(statistics.median(p.computed for p in passes[variant])),
                "peak memory (MiB)": peak_mib(stage, variant, given) if given.memory else None,
                "over plain": ratios.get("seconds"),
                "over plain (processor s)": ratios.get("cpu_seconds"),
            }
        )
    return rows


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    found = {stage: measured(stage, given) for stage in given.stages}
    print(table([row for rows in found.values() for row in rows]))
    fields = {"chains": given.chains, "pairs": given.pairs, "data": str(given.data)}
    return {"benchmark": "training_speed", **fields, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=DEMO, help="folder with sft and prm.jsonl")
    parser.add_argument("--model", default="embedded", help="as for `meds3 model pull`")
    parser.add_argument("--chains", type=int, default=48, help="rows taken from each file")
    parser.add_argument("--pairs", type=int, default=3, help="passes of each variant")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="time only")
    parser.add_argument("--one", nargs=2, metavar=("STAGE", "VARIANT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        stage, variant = given.one
        one_pass(prepared(stage, variant == "top", given), variant, 0)
        print(json.dumps({"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
        return
    report(measure(given))


if __name__ == "__main__":
    main()
