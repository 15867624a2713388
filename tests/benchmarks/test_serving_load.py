"""What `serving_load.py` asks is what a server takes."""

from __future__ import annotations

import httpx
from serving_load import at_rest, questions

from meds3.answering.config import AnsweringConfig
from meds3.serving.config import ServingConfig
from meds3.serving.questions import question_of
from meds3.serving.schemas import ChatRequest
from tests.serving.conftest import Serve, Told, serve

__all__ = ["serve"]  # the fixture


def test_every_question_can_be_asked() -> None:
    bodies = questions(30, 8, seed=0)
    assert len(bodies) == 30
    asked = [
        question_of(
            ChatRequest.model_validate(body | {"model": "m"}),
            AnsweringConfig(),
            ServingConfig(),
            "ans-1",
        )
        for body in bodies
    ]
    assert {one.settings.n for one in asked} == {8}
    assert len({one.seed for one in asked}) == 30
    assert {one.problem.answer.kind for one in asked} >= {"choice", "number"}


def test_an_answer_at_rest_is_what_the_users_expect_again(serve: Serve) -> None:
    bodies = questions(3, 2, seed=0)
    with serve(Told(("Step.\n\nStep 2: The answer is A.",))) as running:
        cases, seconds = at_rest(running.url, bodies)
        again = httpx.post(f"{running.url}/v1/chat/completions", json=cases[0]["body"]).json()
    assert len(seconds) == 3
    assert {case["body"]["model"] for case in cases} == {"ward-7"}
    assert cases[0]["expected"]["votes"] == again["meds3"]["votes"]
