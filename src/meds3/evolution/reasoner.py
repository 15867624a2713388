"""A model made ready to answer over HTTP: the engine of a run, its PRM, its confidence."""

from __future__ import annotations

import time
from importlib.metadata import version
from urllib.parse import urlsplit

from meds3.engines.build import build_engine
from meds3.engines.openai import OpenAIEngine
from meds3.engines.vllm.engine import VllmEngine
from meds3.evolution.answerer import Answerer
from meds3.rewards.build import build_scorer
from meds3.rewards.pooling_scorer import PoolingStepScorer, VllmStepScorer
from meds3.runs.digest import digest_path
from meds3.serving.reasoner import Identity, Reasoner

_PACKAGES = ("openvino-genai", "torch", "transformers", "fastapi")


def reasoner_of(answerer: Answerer) -> Reasoner:
    """Loads the engine and the PRM, seconds each. Raises `InputError`, `EngineError`."""
    engine = build_engine(answerer.engine, answerer.served)
    prm = answerer.prm
    identity = Identity(
        id=answerer.name,
        created=int(time.time()),
        policy_digest=answerer.digest,
        prm_digest=digest_path(prm) if prm else None,
        round=answerer.round,
        versions={name: version(name) for name in _PACKAGES},
    )
    return Reasoner(
        engine=engine,
        scorer=build_scorer(prm, answerer.scorer) if prm else None,
        template=answerer.template,
        settings=answerer.settings.as_served(),
        calibration=answerer.calibration,
        identity=identity,
    )


def servers_of(reasoner: Reasoner, answerer: Answerer) -> list[tuple[str, int]]:
    """Host and port of the servers that the engine and the scorer call."""
    urls: list[str] = []
    for part, config in ((reasoner.engine, answerer.engine), (reasoner.scorer, answerer.scorer)):
        if isinstance(part, VllmEngine | VllmStepScorer):
            urls.append(part.url)
        elif isinstance(part, OpenAIEngine | PoolingStepScorer):
            urls += config.base_urls
    found = []
    for url in urls:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found.append((parts.hostname or "", port))
    return found
