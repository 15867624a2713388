from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from meds3.engines import build
from meds3.engines.build import build_engine
from meds3.engines.config import EngineConfig
from meds3.engines.protocol import Sampling
from meds3.errors import InputError


def test_unknown_fields_are_errors_and_every_field_is_described() -> None:
    with pytest.raises(ValidationError):
        EngineConfig.model_validate({"kind": "openvino", "cache": 1})
    assert all(field.description for field in EngineConfig.model_fields.values())


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (EngineConfig(), "needs a model"),
        (EngineConfig(kind="transformers"), "needs a model"),
        (EngineConfig(kind="openai"), "engine.base_urls"),
        (
            EngineConfig(kind="openai", base_urls=("http://x/v1",), api_key_env="MEDS3_NO_SUCH"),
            "MEDS3_NO_SUCH",
        ),
    ],
)
def test_what_is_missing_is_named(config: EngineConfig, says: str) -> None:
    with pytest.raises(InputError, match=says):
        build_engine(config, None)


def test_a_missing_file_and_a_missing_extra_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"nowhere\.gguf: no such file"):
        build_engine(EngineConfig(), Path("nowhere.gguf"))
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="openvino_genai") as caught:
        build_engine(EngineConfig(), Path("nowhere.gguf"))
    assert caught.value.fix == "pip install 'meds3[cpu]'"


async def test_scripted_needs_nothing() -> None:
    engine = build_engine(EngineConfig(kind="scripted"), None)
    (done,) = await engine.generate("q", Sampling())
    assert "The answer is" in done.text
