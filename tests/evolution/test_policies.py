"""One server for the policies of a run: with adapters it stays, without it is started anew."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meds3.engines.config import EngineConfig
from meds3.engines.preflight import Longest
from meds3.engines.protocol import Sampling
from meds3.errors import InputError
from meds3.evolution import policies as policies_room
from meds3.evolution.policies import (
    Policy,
    PolicyServer,
    adapters_of,
    base_policy,
    round_policy,
)
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from tests.engines.vllm.adapters import lora, tensors
from tests.engines.vllm.test_server import environment, gone

__all__ = ["environment"]  # a fixture

pytestmark = pytest.mark.model
SAMPLING = Sampling()


@pytest.fixture
def policies(tmp_path: Path) -> list[Policy]:
    folders = [tmp_path / "models" / name for name in ("base", "one", "two")]
    for folder in folders:
        tensors(folder / "model.safetensors", **{"model.layers.0.self_attn.q_proj.weight": (16, 8)})
        (folder / "config.json").write_text("{}")
    adapters = [lora(tmp_path / "adapters" / name, 16) for name in ("one", "two")]
    names = ["base", "round-1", "round-2"]
    return [
        Policy(name, folder, folder, f"digest-{n}", n, tuple(adapters[:n]))
        for n, (name, folder) in enumerate(zip(names, folders, strict=True))
    ]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    with Journal(tmp_path / "journal.sqlite") as made:
        yield made


def server_of(
    journal: Journal, environment: Path, base: Policy, *, adapters: bool, rank: int = 32
) -> PolicyServer:
    vllm = {"environment": environment, "adapters": adapters, "max_adapter_rank": rank}
    return PolicyServer(
        EngineConfig.model_validate({"kind": "vllm", "vllm": vllm}),
        journal,
        run=RunDirectory(journal.path.parent),
        base=base,
        longest=Longest("a question", 10),
    )


async def asked(server: PolicyServer, policy: Policy) -> tuple[str, int]:
    """The name of the model that answered, and its process."""
    engine = await server.engine(policy, "test")
    (done,) = await engine.generate(f"{policy.name}?", SAMPLING)
    name, process, _ = done.text.split()
    return name, int(process)


async def test_with_adapters_one_server_answers_for_every_policy(
    journal: Journal, environment: Path, policies: list[Policy]
) -> None:
    server = server_of(journal, environment, policies[0], adapters=True)
    first = await asked(server, policies[0])
    await server.release()  # a training begins
    others = [await asked(server, policy) for policy in policies[1:]]
    await server.close()
    assert [first[0], *(name for name, _ in others)] == ["base", "round-1", "round-2"]
    assert {process for _, process in others} == {first[1]}
    assert gone(first[1])
    written = sorted((journal.path.parent / "adapters").glob("*-digest-*/adapter_config.json"))
    assert [json.loads(path.read_text())["r"] for path in written] == [8, 16, 32]


async def test_without_adapters_each_policy_is_served_from_its_weights(
    journal: Journal, environment: Path, policies: list[Policy]
) -> None:
    server = server_of(journal, environment, policies[0], adapters=False)
    answers = [await asked(server, policy) for policy in policies[:2]]
    assert [name for name, _ in answers] == ["served", "served"]
    assert gone(answers[0][1])  # two would not fit
    await server.release()
    assert gone(answers[1][1])


async def test_ranks_that_add_up_to_too_much_are_told(
    journal: Journal, environment: Path, policies: list[Policy]
) -> None:
    server = server_of(journal, environment, policies[0], adapters=True, rank=16)
    await asked(server, policies[1])
    with pytest.raises(InputError, match=r"rank 32(.|\n)*max_adapter_rank=32"):
        await asked(server, policies[2])
    await server.close()


async def test_an_adapter_of_another_model_is_told_before_the_server_has_it(
    journal: Journal, environment: Path, policies: list[Policy], tmp_path: Path
) -> None:
    server = server_of(journal, environment, policies[0], adapters=True)
    log = tmp_path / "logs" / "vllm.log"
    tensors(
        policies[1].adapters[0] / "adapter_model.safetensors",
        **{
            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": (16, 12),
            "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight": (16, 16),
        },
    )
    with pytest.raises(InputError, match=r"q_proj \(16 × 12\), which is 16 × 8 in the model"):
        await asked(server, policies[1])
    tensors(
        policies[2].adapters[0] / "adapter_model.safetensors",
        **{
            "base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight": (16, 8),
            "base_model.model.model.layers.9.self_attn.q_proj.lora_B.weight": (16, 16),
        },
    )
    with pytest.raises(InputError, match=r"layers\.9(.|\n)*which is not in the model"):
        await asked(server, policies[2])
    await server.close()
    assert "load_lora_adapter" not in log.read_text()


async def test_servers_of_somebody_else_do_not_serve_what_we_trained(
    journal: Journal, policies: list[Policy]
) -> None:
    config = EngineConfig(kind="openai", base_urls=("http://127.0.0.1:9/v1",))
    server = PolicyServer(config, journal, run=RunDirectory(journal.path.parent), base=policies[0])
    with pytest.raises(InputError, match="round-1 is a new one"):
        await server.engine(policies[1], "test")


def test_adapters_lead_from_the_base_over_the_rounds_that_were_kept(
    journal: Journal, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path)
    for number, kept in ((1, True), (2, False), (3, True)):
        journal.finish_stage(f"round-{number}/gate", "", "", {"kept": kept}, 0.0)
    journal.finish_stage("round-3/dpo", "", "", {}, 0.0)
    found = [str(path.relative_to(tmp_path)) for path in adapters_of(run, journal, 4)]
    assert found == [
        "round-1/policy/adapter",
        "round-3/sft/adapter",
        "round-3/policy/adapter",
        "round-4/policy/adapter",
    ]


def of(kind: str, run: RunDirectory, journal: Journal, base: Path) -> Policy:
    return round_policy(run, 1, EngineConfig.model_validate({"kind": kind}), journal, base)


def test_a_policy_is_its_weights_whatever_engine_loads_them(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, base = RunDirectory(tmp_path), tmp_path / "base.gguf"
    folder = run.round(1) / "policy"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    made: list[Path] = []
    monkeypatch.setenv("MEDS3_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        policies_room, "export_gguf", lambda weights, base, to: (made.append(to), to.touch())
    )
    on_gpu = of("transformers", run, journal, folder)
    on_cpu = of("openvino", run, journal, base)
    again = of("openvino", run, journal, base)
    assert on_gpu.served == folder
    assert made == [on_cpu.served]  # for an engine it was not trained for, once, and not in the run
    assert again == on_cpu
    assert folder not in on_cpu.served.parents
    (folder / "policy.gguf").touch()
    trained_here = of("openvino", run, journal, base)
    assert trained_here.served == folder / "policy.gguf"
    assert {on_gpu.digest} == {on_cpu.digest, trained_here.digest}
    (folder / "model.safetensors").write_bytes(b"other weights")
    assert of("transformers", run, journal, folder).digest != on_gpu.digest


def test_openvino_needs_a_gguf_to_begin_with(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="loads GGUF files"):
        of("openvino", RunDirectory(tmp_path), journal, tmp_path)


def test_a_run_may_start_from_the_policy_of_another(tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    tensors(folder / "model.safetensors", **{"model.norm.weight": (8,)})
    for name in ("config.json", "policy.gguf"):
        (folder / name).write_text("{}")
    openvino = base_policy(folder, EngineConfig(kind="openvino"))
    assert (openvino.served, openvino.weights) == (folder / "policy.gguf", folder)
    torch = base_policy(folder, EngineConfig(kind="transformers"))
    assert torch.served == folder
    assert torch.digest == openvino.digest
    (folder / "policy.gguf").unlink()
    assert base_policy(folder, EngineConfig(kind="openvino")).served == folder  # it will say so
