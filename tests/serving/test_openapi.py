"""`/openapi.json` is complete, and whatever is made from it breaks nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.serving.conftest import RIGHT, WRONG, Serve, Told
from tests.serving.runs import make_run

_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"


def test_every_field_of_the_method_is_described(serve: Serve) -> None:
    with serve() as running:
        document = httpx.get(f"{running.url}/openapi.json").json()
    chat = document["paths"]["/v1/chat/completions"]["post"]
    schema = chat["requestBody"]["content"]["application/json"]["schema"]
    for field in ("model", "messages", "n", "strategy", "budget_tokens", "max_seconds", "options"):
        assert field in schema["properties"]
    assert schema["examples"][0]["model"] == "meds3"
    assert {"200", "400", "401", "404", "413", "429", "503"} <= set(chat["responses"])
    assert "#/$defs" not in str(document)
    assert all("summary" in one for path in document["paths"].values() for one in path.values())


@pytest.mark.slow
def test_schemathesis_finds_no_server_error(serve: Serve, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis")
    make_run(tmp_path / "runs", nodes=40)
    with serve(Told((RIGHT, WRONG)), runs=tmp_path / "runs") as running:
        command = [str(Path(sys.executable).with_name("schemathesis")), "run"]
        options = ["--max-examples", "20", "--checks", _CHECKS, "--phases", "coverage,fuzzing"]
        done = subprocess.run(
            [*command, f"{running.url}/openapi.json", *options],
            capture_output=True, text=True, timeout=600, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
