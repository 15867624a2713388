"""Step scores from a server: which tokens are read, and what happens when it fails."""

from __future__ import annotations

import asyncio
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import ValidationError

from meds3.chains.chain import chain_of
from meds3.engines.forms import trainable
from meds3.engines.models import EMBEDDED, cached_path
from meds3.errors import EngineError, InputError
from meds3.rewards.config import ScorerConfig
from meds3.rewards.packing import tokenize_prompt, tokenize_steps
from meds3.rewards.pooling_scorer import PoolingStepScorer

pytestmark = pytest.mark.model


class Pooling:
    """A server whose score of a token is its place in the text, over 1,000."""

    def __init__(self, port: int = 0) -> None:
        self.asked = 0
        self.failures: list[tuple[int, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked += 1
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                (ids,) = body["input"]
                rows = [[place / 1000] for place in range(len(ids))]
                status, answer = 200, {"data": [{"index": 0, "data": rows}]}
                if outer.failures:
                    status, answer = outer.failures.pop(0)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def pooling() -> Any:
    made = Pooling()
    yield made
    made.server.shutdown()


@pytest.fixture
def scorer(pooling: Pooling, monkeypatch: pytest.MonkeyPatch) -> PoolingStepScorer:
    monkeypatch.setattr("meds3.rewards.pooling_scorer._PAUSE_S", 0.01)
    folder: Path = trainable(cached_path(EMBEDDED))
    return PoolingStepScorer(folder, [pooling.url], "prm")


async def test_the_last_token_of_each_step_is_read(scorer: PoolingStepScorer) -> None:
    prompt, chains = "Which?\n", [chain_of("It is so.", "The answer is A."), chain_of()]
    found = await scorer.score(prompt, chains)
    lengths = [len(ids) for ids in tokenize_steps(scorer._tokenizer, chains[0])]
    start = len(tokenize_prompt(scorer._tokenizer, prompt))
    first = start + lengths[0] + lengths[1] - 1
    assert found == [[first / 1000, (first + lengths[2]) / 1000], []]
    await scorer.close()


async def test_a_server_that_stumbles_is_asked_again(
    scorer: PoolingStepScorer, pooling: Pooling
) -> None:
    pooling.failures = [(503, {}), (429, {})]
    assert len((await scorer.score("q", [chain_of("The answer is A.")]))[0]) == 1
    pooling.failures = [(500, {"error": "no memory"})] * 5
    with pytest.raises(EngineError, match="in 5 tries; the last: HTTP 500"):
        await scorer.score("q", [chain_of("The answer is A.")])
    await scorer.close()


async def test_a_server_that_dies_comes_back_and_prompts_have_a_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("meds3.rewards.pooling_scorer._PAUSE_S", 0.01)
    one, two = Pooling(), Pooling()
    scorer = PoolingStepScorer(trainable(cached_path(EMBEDDED)), [one.url, two.url], "prm")
    scorer._servers._every_s = 0.05
    chain = chain_of("It is so.", "The answer is A.")
    for _ in range(4):
        await scorer.score("Which?", [chain])
    assert sorted((one.asked, two.asked)) == [0, 4]
    port = two.server.server_port
    two.server.shutdown()
    two.server.server_close()
    await asyncio.gather(*(scorer.score(f"Question {n}?", [chain]) for n in range(6)))
    assert [server["up"] for server in scorer._servers.loads()] == [True, False]
    again = Pooling(port)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if all(server["up"] for server in scorer._servers.loads()):
            break
    await asyncio.gather(*(scorer.score(f"Another {n}?", [chain]) for n in range(6)))
    assert again.asked > 0
    await scorer.close()
    for server in (one.server, again.server):
        server.shutdown()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((404, {"error": "no model prm"}), "refused the request: HTTP 404"),
        ((200, {"choices": []}), "which are no scores"),
        ((200, {"data": [{"data": [[0.5]]}]}), "gave 1 scores for"),
    ],
)
async def test_another_kind_of_server_is_told(
    scorer: PoolingStepScorer, pooling: Pooling, answer: Any, told: str
) -> None:
    pooling.failures = [answer]
    with pytest.raises(InputError, match=told):
        await scorer.score("q", [chain_of("The answer is A.")])
    await scorer.close()


def test_servers_that_are_not_named_are_told() -> None:
    with pytest.raises(ValidationError, match=r"needs scorer\.base_urls"):
        ScorerConfig(kind="pooling")
