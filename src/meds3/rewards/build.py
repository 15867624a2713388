"""From a config to a running step scorer."""

from __future__ import annotations

import os
from pathlib import Path

from meds3.folders import cache_folder
from meds3.rewards.config import ScorerConfig
from meds3.rewards.protocol import StepScorer


def build_scorer(path: Path, config: ScorerConfig, log: Path | None = None) -> StepScorer:
    """The scorer that `config` names over the PRM in `path`.

    `log`: where a server that is started writes to (None: a file in the cache). Raises
    `InputError` when `path` is no PRM, or what `config` names is not here.
    """
    match config.kind:
        case "torch":
            from meds3.rewards.torch_scorer import TorchStepScorer

            return TorchStepScorer(path, config.device)
        case "vllm":
            from meds3.engines.vllm.environment import find
            from meds3.rewards.pooling_scorer import VllmStepScorer

            return VllmStepScorer(
                path,
                find(config.vllm),
                config.vllm,
                log=log or cache_folder() / "logs" / f"vllm-prm-{os.getpid()}.log",
                max_in_flight=config.max_in_flight,
                timeout_s=config.timeout_s,
            )
        case "pooling":
            from meds3.rewards.pooling_scorer import PoolingStepScorer

            return PoolingStepScorer(
                path,
                config.base_urls,
                config.model_name,
                max_in_flight=config.max_in_flight,
                timeout_s=config.timeout_s,
            )
