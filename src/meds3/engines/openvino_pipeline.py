"""OpenVINO GenAI's continuous batching pipeline, set up for a GGUF file on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from meds3.engines.choices import choice_grammar
from meds3.engines.gguf_facts import GgufFacts
from meds3.engines.protocol import Sampling
from meds3.engines.signal_stack import kept_signal_stack
from meds3.engines.telemetry import refuse_telemetry
from meds3.errors import InputError

# Prompt tokens and running sequences that one `step` may compute.
MAX_BATCHED_TOKENS = 2048
# Tokens of one KV block of the CPU plugin.
BLOCK_TOKENS = 32


def load_pipeline(
    model: Path,
    blocks: int,
    max_sequences: int,
    threads: int | None,
    prefix_caching: bool,
    quantized_activations: bool,
) -> Any:
    refuse_telemetry()
    import openvino_genai as genai

    scheduler = genai.SchedulerConfig()
    scheduler.num_kv_blocks = blocks  # `cache_size` would take whole GiB only
    scheduler.max_num_seqs = max_sequences
    scheduler.max_num_batched_tokens = MAX_BATCHED_TOKENS
    scheduler.enable_prefix_caching = prefix_caching
    properties: dict[str, Any] = {
        # 8 bits is what `block_bytes` counts on; it is the CPU default too.
        "KV_CACHE_PRECISION": "u8",
        # Left alone, a CPU with avx512_bf16 or amx computes in bfloat16: other text than on other
        # machines and than transformers', and no faster with 64 sequences.
        "INFERENCE_PRECISION_HINT": "f32",
    }
    if not quantized_activations:
        properties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = 0
    if threads is not None:
        properties["INFERENCE_NUM_THREADS"] = threads
        # Whoever takes some cores shares the machine: pinned, two engines sit on the same ones.
        properties["ENABLE_CPU_PINNING"] = False
    try:
        with kept_signal_stack():
            return genai.ContinuousBatchingPipeline(str(model), scheduler, "CPU", properties)
    except RuntimeError as error:
        raise InputError(
            f"model {model}: OpenVINO cannot load it: {first_line(error)}",
            "meds3 doctor shows whether the file is whole; `meds3 model pull --force` renews it",
        ) from error


def generation_config(sampling: Sampling) -> Any:
    import openvino_genai as genai

    config = genai.GenerationConfig()
    config.apply_chat_template = False  # the prompt is rendered already
    config.max_new_tokens = sampling.max_tokens
    config.num_return_sequences = sampling.n
    config.stop_strings = set(sampling.stop)
    config.include_stop_str_in_output = False
    if sampling.choices:
        config.structured_output_config = genai.StructuredOutputConfig(
            grammar=choice_grammar(sampling.choices)
        )
    config.do_sample = sampling.temperature > 0
    if config.do_sample:
        config.temperature = sampling.temperature
        config.top_p = sampling.top_p
        config.rng_seed = sampling.seed
        if sampling.top_k:  # left alone, the whole vocabulary is kept
            config.top_k = sampling.top_k
    return config


def block_bytes(facts: GgufFacts) -> int:
    """Bytes of one KV block at 8 bits: keys and values, and 12 bytes of scales per head.

    437,760 for SmolLM2-135M, as the pipeline's own metrics report (OpenVINO 2026.4.1).
    """
    per_token = facts.layers * 2 * facts.kv_heads * (facts.head_size + 12)
    return per_token * BLOCK_TOKENS


def blocks_of(tokens: int) -> int:
    return -(-tokens // BLOCK_TOKENS)


def needed_blocks(prompt_tokens: int, sampling: Sampling) -> int:
    """The most blocks that a request can come to fill; its samples share the prompt's."""
    return blocks_of(prompt_tokens) + sampling.n * (blocks_of(sampling.max_tokens) + 1)


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
