"""From a config to a running engine."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from meds3.engines.config import EngineConfig
from meds3.engines.protocol import Engine, Sampling
from meds3.errors import InputError
from meds3.folders import cache_folder


def build_engine(config: EngineConfig, model: Path | None, log: Path | None = None) -> Engine:
    """The engine that `config` names, with `model` loaded where it runs in this process.

    `log`: where a server that is started writes to (None: a file in the cache).

    Raises `InputError` when a package, the model or the server's address is missing.
    """
    match config.kind:
        case "openvino":
            require_package("openvino_genai", extra="cpu", user="engine.kind openvino")
            from meds3.engines.openvino import OpenVinoEngine

            return OpenVinoEngine(
                _required(model, config),
                cache_gb=config.cache_gb,
                max_sequences=config.max_sequences,
                threads=config.threads,
                prefix_caching=config.prefix_caching,
                quantized_activations=config.quantized_activations,
            )
        case "vllm":
            from meds3.engines.vllm.engine import VllmEngine
            from meds3.engines.vllm.environment import find

            return VllmEngine(
                _required(model, config),
                find(config.vllm),
                config.vllm,
                log=log or cache_folder() / "logs" / f"vllm-{os.getpid()}.log",
                cache_gb=config.cache_gb,
                max_sequences=config.max_sequences,
                timeout_s=config.timeout_s,
            )
        case "openai":
            from meds3.engines.openai import OpenAIEngine

            return OpenAIEngine(
                config.base_urls,
                config.model_name,
                servers_file=config.servers_file,
                api_key=_api_key(config.api_key_env),
                timeout_s=config.timeout_s,
                retries=config.retries,
                patience_s=config.patience_s,
                max_in_flight=config.max_in_flight,
            )
        case "transformers":
            for package in ("torch", "transformers"):
                require_package(package, extra="train", user="engine.kind transformers")
            from meds3.engines.transformers import TransformersEngine

            return TransformersEngine.load(
                _required(model, config),
                device=config.device,
                max_sequences=config.max_sequences,
                cache_gb=config.cache_gb,
            )
        case "scripted":
            from meds3.engines.scripted import ScriptedEngine

            return ScriptedEngine(_echo)


def cache_block(config: EngineConfig) -> int:
    """Tokens that the engine keeps or forgets together of prompts it has computed; 0: none."""
    match config.kind:
        case "openvino":
            from meds3.engines.openvino_pipeline import BLOCK_TOKENS

            return BLOCK_TOKENS if config.prefix_caching else 0
        case "vllm" | "openai":
            return 16  # vLLM's own default
        case _:
            return 0


def require_package(package: str, *, extra: str, user: str) -> None:
    """Raise `InputError` naming the extra when `package` is not installed (without importing)."""
    if importlib.util.find_spec(package) is None:
        raise InputError(
            f"{user} needs the package {package}, which is not installed",
            f"pip install 'meds3[{extra}]'",
        )


def _required(model: Path | None, config: EngineConfig) -> Path:
    if model is None:
        raise InputError(f"engine.kind {config.kind} needs a model", "name one: --model embedded")
    if not model.exists():
        raise InputError(f"model {model}: no such file or folder", "meds3 model pull")
    return model


def _api_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise InputError(
            f"engine.api_key_env names {variable}, which is not set", f"export {variable}=…"
        )
    return key


def _echo(prompt: str, sampling: Sampling, index: int) -> str:
    """The answer of a scripted engine that was built without a script."""
    return f" The answer is {'ABCD'[(len(prompt) + sampling.seed + index) % 4]}."
