"""Generated tokens per second of the OpenVINO engine on one flat batch of prompts.

    python benchmarks/engine_rate.py                        # 24 synthetic prompts x 4 samples
    python benchmarks/engine_rate.py --prompts calls.jsonl  # {"prompt", "n", "max_tokens"} a line

Prints one JSON line. Needs `pip install 'meds3[cpu]'` and `meds3 model pull`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from pathlib import Path
from typing import Any

from meds3.engines.build import build_engine
from meds3.engines.config import EngineConfig
from meds3.engines.forms import servable
from meds3.engines.models import ensure_model
from meds3.engines.protocol import Sampling

_TRIAL = "The trial reports that the outcome improved relative to placebo (OR 0.8, 0.6 to 0.95). "


def synthetic(count: int, n: int, max_tokens: int) -> list[dict[str, Any]]:
    """Prompts of about 150 tokens that share no prefix beyond their first words."""
    prompts = [
        f"<|im_start|>user\nPatient {i} took {i * 5} mg of drug A daily. {_TRIAL * 3}"
        "What is the effect? Reason in steps.<|im_end|>\n<|im_start|>assistant\n"
        "Step 0: Let's break down this problem step by step.\n\nStep 1:"
        for i in range(1, count + 1)
    ]
    return [{"prompt": prompt, "n": n, "max_tokens": max_tokens} for prompt in prompts]


async def measure(model: Path, config: EngineConfig, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Send every call at once and wait for all; the model's loading is timed apart."""
    began = time.perf_counter()
    engine = build_engine(config, model)
    loaded = time.perf_counter()
    done = await asyncio.gather(
        *(
            engine.generate(
                call["prompt"], Sampling(n=call["n"], max_tokens=call["max_tokens"], seed=i)
            )
            for i, call in enumerate(calls)
        )
    )
    seconds = time.perf_counter() - loaded
    tokens = sum(c.tokens for completions in done for c in completions)
    prompt_tokens = sum(completions[0].prompt_tokens for completions in done)
    name = engine.name
    await engine.close()
    return {
        "engine": name,
        "calls": len(calls),
        "sequences": sum(map(len, done)),
        "prompt_tokens": prompt_tokens,
        "generated_tokens": tokens,
        "seconds": round(seconds, 2),
        "generated_tokens_per_s": round(tokens / seconds, 1),
        "load_seconds": round(loaded - began, 2),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", default="embedded", help="as for `meds3 model pull`")
    parser.add_argument("--prompts", type=Path, help="JSONL with prompt, n, max_tokens")
    parser.add_argument("--calls", type=int, default=24, help="synthetic prompts")
    parser.add_argument("--samples", type=int, default=4, help="samples of a synthetic prompt")
    parser.add_argument("--max-tokens", type=int, default=96, help="of a synthetic prompt")
    parser.add_argument("--max-sequences", type=int, default=64)
    parser.add_argument("--cache-gb", type=float, default=1.0)
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    if given.prompts:
        lines = given.prompts.read_text(encoding="utf-8").splitlines()
        calls = [json.loads(line) for line in lines if line.strip()]
    else:
        calls = synthetic(given.calls, given.samples, given.max_tokens)
    config = EngineConfig.model_validate(
        {
            "max_sequences": given.max_sequences,
            "cache_gb": given.cache_gb,
            "threads": given.threads,
        }
    )
    model = servable(ensure_model(given.model), config.kind)
    print(json.dumps(asyncio.run(measure(model, config, calls))))


if __name__ == "__main__":
    main()
