"""`meds3 serve` with the real model, asked by both official clients."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

pytestmark = [pytest.mark.slow, pytest.mark.model]
QUESTION = "Which drug reverses an opioid overdose?\nA. naloxone\nB. aspirin"
ASKED = [{"role": "user", "content": QUESTION}]
PATIENCE_S = 180


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("served")
    with socket.create_server(("127.0.0.1", 0)) as line:
        port = line.getsockname()[1]
    code = "from meds3.cli.app import main; main()"
    command = [sys.executable, "-c", code, "serve", "embedded", "--port", str(port)]
    log = folder / "log.txt"
    with log.open("w") as stream:
        server = subprocess.Popen(
            [*command, "--set", "n=4", "--set", "max_tokens=48"],
            cwd=folder, stdout=stream, stderr=stream,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + PATIENCE_S
    while not _ready(address):
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.5)
    yield address
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0, log.read_text()
    assert "overdose" not in log.read_text()  # questions are not logged


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_the_python_client(url: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    answer = client.chat.completions.create(
        model="embedded", messages=ASKED, extra_body={"n": 3, "adaptive": "off"}
    )
    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 20
    ours = answer.model_extra["meds3"]
    assert ours["samples"] == 3
    again = client.chat.completions.create(
        model="embedded", messages=ASKED, seed=ours["seed"], extra_body={"n": 3, "adaptive": "off"}
    )
    # Nobody else asks, so rounding is the same, too.
    assert again.choices[0].message.content == answer.choices[0].message.content
    assert again.model_extra["meds3"]["votes"] == ours["votes"]
    assert again.id != answer.id
    chunks = list(client.chat.completions.create(model="embedded", messages=ASKED, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="embedded", messages=ASKED, extra_body={"n": 0})


def test_an_answer_that_is_too_slow_ends_in_time(url: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    began = time.monotonic()
    answer = client.chat.completions.create(
        model="embedded", messages=ASKED, max_tokens=512, extra_body={"n": 64, "max_seconds": 2}
    )
    assert time.monotonic() - began < 20
    assert answer.model_extra["meds3"]["stopped"] in ("time", "settled")


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm: apt-get install nodejs npm")
def test_the_javascript_client(url: str, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("client.mjs"), tmp_path)
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "openai@7"]
    versions = [install, [*install[:-1], "openai"]]
    for command in versions:
        if subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0:
            break
    done = subprocess.run(
        ["node", "client.mjs", url], cwd=tmp_path, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["chat"]["finish"] == "stop"
    assert told["chat"]["samples"] == 2
    assert told["chat"]["tokens"] > 0
    assert told["stream"]["text"]
    assert told["stream"]["meds3"]
    assert told["error"] == {
        "name": "NotFoundError",
        "status": 404,
        "code": "model_not_found",
        "param": "model",
    }
    assert told["models"] == ["embedded"]
