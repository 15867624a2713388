"""The official client, unchanged, against a real server."""

from __future__ import annotations

import threading
import time

import httpx
import openai
import pytest
from openai import OpenAI

from tests.serving.conftest import QUESTION, RIGHT, WRONG, Serve, Told

ASKED = [{"role": "user", "content": QUESTION}]


def client(url: str, key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


def test_chat(serve: Serve) -> None:
    with serve(Told((RIGHT, WRONG, WRONG))) as running:
        answer = client(running.url).chat.completions.create(model="ward-7", messages=ASKED)
    assert answer.object == "chat.completion"
    assert answer.model == "ward-7"
    (choice,) = answer.choices
    assert choice.finish_reason == "stop"
    assert choice.message.role == "assistant"
    assert choice.message.content == (
        "Step 1: Naloxone blocks opioid receptors.\n\nStep 2: The answer is A."
    )
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (40, 48)
    ours = answer.model_extra["meds3"]
    assert (ours["answer"], ours["answer_text"], ours["strategy"]) == ("A", "naloxone", "pvs")
    # two right chains of .9 against two wrong ones of .1
    assert [(v["answer"], v["mass"], v["chains"]) for v in ours["votes"]] == [
        ("A", 1.8, 2),
        ("B", 0.2, 2),
    ]
    assert [step["score"] for step in ours["steps"]] == [0.9, 0.9]
    assert ours["confidence"] == 0.9
    assert ours["samples"] == 4
    assert ours["notice"].startswith("Research software")


def test_the_options_of_the_method_go_into_extra_body(serve: Serve) -> None:
    with serve() as running:
        answer = client(running.url).chat.completions.create(
            model="meds3",
            messages=[{"role": "user", "content": "Which drug reverses an opioid overdose?"}],
            seed=7,
            extra_body={
                "options": {"A": "naloxone", "B": "aspirin"},
                "strategy": "majority",
                "n": 16,
                "adaptive": "exact",
                "abstain_below": 0.99,
                "context": "The patient does not breathe.",
            },
        )
        ours = answer.model_extra["meds3"]
        assert (ours["samples"], ours["samples_asked"], ours["stopped"]) == (9, 16, "settled")
        assert ours["strategy"] == "majority"
        assert "The patient does not breathe." in running.engine.prompts[0]
        assert not ours["refer"]


def test_low_confidence_is_said_in_the_answer_itself(serve: Serve) -> None:
    with serve(Told((RIGHT, WRONG)), abstain_below=0.95) as running:
        answer = client(running.url).chat.completions.create(model="meds3", messages=ASKED)
    assert "refer to a clinician" in (answer.choices[0].message.content or "")
    assert answer.model_extra["meds3"]["refer"]


def test_no_answer_is_a_referral(serve: Serve) -> None:
    with serve(Told((" I cannot tell.",))) as running:
        answer = client(running.url).chat.completions.create(model="meds3", messages=ASKED)
    assert answer.choices[0].message.content == "No chain stated an answer: refer to a clinician."
    assert answer.model_extra["meds3"]["answer"] is None


def test_temperature_zero_is_one_greedy_chain(serve: Serve) -> None:
    with serve() as running:
        answer = client(running.url).chat.completions.create(
            model="meds3", messages=ASKED, temperature=0
        )
    ours = answer.model_extra["meds3"]
    assert (ours["strategy"], ours["samples"], ours["samples_asked"]) == ("greedy", 1, 1)


def test_streaming(serve: Serve) -> None:
    with serve(Told((RIGHT,), delay=0.05)) as running:
        stream = client(running.url).chat.completions.create(
            model="meds3", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "Step 1: Naloxone blocks opioid receptors.\n\nStep 2: The answer is A."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-2].model_extra["meds3"]["answer"] == "A"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_tells_how_the_vote_stands(serve: Serve) -> None:
    body = {"model": "meds3", "messages": ASKED, "stream": True, "n": 16, "strategy": "majority"}
    with serve(
        Told((WRONG, WRONG, *[RIGHT] * 14)), adaptive="exact", strategy="majority"
    ) as running:
        lines = httpx.post(f"{running.url}/v1/chat/completions", json=body).text.split("\n\n")
    comments = [line for line in lines if line.startswith(": meds3 ")]
    assert len(comments) == 2  # nine chains, then two more
    assert '"samples": 9' in comments[0]
    assert '"leader": "A"' in comments[0]
    assert lines[-2] == "data: [DONE]"


def test_completions(serve: Serve) -> None:
    with serve() as running:
        api = client(running.url)
        answer = api.completions.create(model="meds3", prompt=QUESTION)
        chunks = list(api.completions.create(model="meds3", prompt=QUESTION, stream=True))
    assert answer.object == "text_completion"
    assert answer.choices[0].text.endswith("The answer is A.")
    assert "".join(c.choices[0].text for c in chunks) == answer.choices[0].text


def test_models(serve: Serve) -> None:
    with serve() as running:
        api = client(running.url)
        assert [model.id for model in api.models.list()] == ["ward-7"]
        assert api.models.retrieve("ward-7").owned_by == "meds3"
        with pytest.raises(openai.NotFoundError) as error:
            api.models.retrieve("gpt-9")
    assert error.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("fields", "param", "told"),
    [
        ({"model": "gpt-9"}, "model", "does not exist"),
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, "messages", "expected the user"),
        ({"messages": [{"role": "user", "content": "  "}]}, "messages", "no question"),
        ({"temperature": 3}, "temperature", "less than or equal to 2"),
        ({"extra_body": {"strategy": "magic"}}, "strategy", "unknown"),
        ({"extra_body": {"n": 1000}}, "n", "at most 64"),
        ({"extra_body": {"n": "many"}}, "n", "integer"),
        ({"extra_body": {"options": ["one"]}}, "options", "at least two"),
        ({"extra_body": {"options": ["same", "Same"]}}, "options", "twice"),
        ({"extra_body": {"strategy": "best-of-n/min", "adaptive": "exact"}}, None, "add up"),
        ({"extra_body": {"colour": "red"}}, "colour", "unknown field"),
        ({"stop": ["x"]}, "stop", "unknown field"),
        ({"tools": []}, "tools", "unknown field"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    serve: Serve, fields: dict[str, object], param: str | None, told: str
) -> None:
    asked = {"model": "meds3", "messages": ASKED} | fields
    with serve() as running:
        kind = openai.NotFoundError if fields.get("model") else openai.BadRequestError
        with pytest.raises(kind) as error:
            client(running.url).chat.completions.create(**asked)  # type: ignore[call-overload]
        assert running.engine.prompts == []
    assert told in error.value.message
    if param is not None:
        assert error.value.param == param


def test_a_full_queue_is_429_with_the_time_to_come_back(serve: Serve) -> None:
    with serve(Told(delay=1.0), at_once=1, waiting=1) as running:
        api = client(running.url)
        found: list[object] = []
        threads = [
            threading.Thread(
                target=lambda: found.append(
                    api.chat.completions.create(model="meds3", messages=ASKED)
                )
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 5
        while len(running.engine.prompts) < 1 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
        for stream in (False, True):
            with pytest.raises(openai.RateLimitError) as error:
                api.chat.completions.create(model="meds3", messages=ASKED, stream=stream)  # type: ignore[call-overload]
            assert int(error.value.response.headers["retry-after"]) >= 1
            assert error.value.code == "queue_full"
        assert httpx.get(f"{running.url}/readyz").status_code == 429
        for thread in threads:
            thread.join()
    assert len(found) == 2  # those who waited were answered


def test_a_dead_engine_is_503(serve: Serve) -> None:
    with serve() as running:
        running.engine.dead = True
        api = client(running.url)
        with pytest.raises(openai.InternalServerError) as error:
            api.chat.completions.create(model="meds3", messages=ASKED)
        assert error.value.status_code == 503
        assert error.value.code == "engine_unavailable"
        with pytest.raises(openai.APIError, match="dead"):
            list(api.chat.completions.create(model="meds3", messages=ASKED, stream=True))


def test_at_its_time_limit_a_request_ends_with_what_it_has(serve: Serve) -> None:
    with serve(Told(delay=30)) as running:
        began = time.monotonic()
        answer = client(running.url).chat.completions.create(
            model="meds3", messages=ASKED, extra_body={"max_seconds": 0.3}
        )
        assert time.monotonic() - began < 10
        assert running.engine.at_work == 0
    assert answer.choices[0].finish_reason == "length"
    ours = answer.model_extra["meds3"]
    assert (ours["stopped"], ours["complete"], ours["refer"]) == ("time", False, True)


def test_a_token_budget_is_kept(serve: Serve) -> None:
    with serve(max_tokens=20) as running:
        answer = client(running.url).chat.completions.create(
            model="meds3", messages=ASKED, extra_body={"budget_tokens": 45}
        )
    assert answer.usage is not None
    assert answer.usage.completion_tokens <= 45
    assert answer.model_extra["meds3"]["stopped"] == "tokens"


def test_a_seed_draws_the_same_and_is_told(serve: Serve) -> None:
    def seeds_of(seed: int | None) -> tuple[list[int], int]:
        start = len(running.engine.seeds)
        given = {} if seed is None else {"seed": seed}
        found = client(running.url).chat.completions.create(model="meds3", messages=ASKED, **given)
        return running.engine.seeds[start:], found.model_extra["meds3"]["seed"]

    with serve(adaptive="off") as running:
        drawn, told = seeds_of(7)
        assert told == 7
        assert seeds_of(7)[0] == drawn
        assert seeds_of(8)[0] != drawn
        drawn, told = seeds_of(None)  # of its own, and told, so that it can be asked for again
        assert seeds_of(None)[0] != drawn
        assert seeds_of(told)[0] == drawn
