"""An answer as the bodies that OpenAI clients read, with ours beside under `meds3`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from meds3 import SAFETY_NOTE
from meds3.answering.answer import REFER, Answered
from meds3.answering.waves import Drawn
from meds3.selection.candidate import Candidate
from meds3.selection.rules import select
from meds3.serving.questions import Question
from meds3.serving.reasoner import Usage

Finish = Literal["stop", "length"]


def method_body(question: Question, answered: Answered) -> dict[str, Any]:
    """The field `meds3` of a response: what decided, and how sure it is."""
    drawn, problem = answered.drawn, question.problem
    return {
        "answer": drawn.selection.answer,
        "answer_text": _text_of(question, drawn.selection.answer),
        "confidence": round(answered.confidence, 4),
        "calibrated": answered.calibrated,
        "refer": answered.refer,
        "advice": REFER if answered.refer else None,
        "strategy": answered.strategy,
        "votes": votes_body(question, drawn),
        "steps": _steps(drawn.selection.winner),
        "runner_up": _runner_up(drawn, answered.strategy),
        "samples": len(drawn.candidates),
        "samples_asked": 1 if answered.strategy == "greedy" else question.settings.n,
        "stopped": drawn.stopped,
        "complete": drawn.stopped not in ("tokens", "time"),
        "tokens": answered.tokens,
        "seconds": round(answered.seconds, 3),
        "options": problem.options,
        "seed": question.seed,
        "audit_id": question.answer_id,
        "warnings": list(question.warnings),
        "notice": SAFETY_NOTE,
    }


def _runner_up(drawn: Drawn, strategy: str) -> dict[str, Any] | None:
    """The best chain of the answer with the second most votes."""
    others = [c for c in drawn.candidates if c.extraction.key != drawn.selection.answer]
    winner = select(others, strategy).winner if others and strategy != "greedy" else None
    if winner is None:
        return None
    return {"answer": winner.extraction.key, "steps": _steps(winner)}


def _steps(winner: Candidate | None) -> list[dict[str, Any]]:
    if winner is None:
        return []
    scores = winner.scores
    return [
        {"text": str(step), "score": round(scores[i], 4) if scores else None}
        for i, step in enumerate(winner.chain.steps[1:])
    ]


def votes_body(question: Question, drawn: Drawn) -> list[dict[str, Any]]:
    """Every answer with its mass and the number of its chains, the strongest first."""
    ranked = sorted(drawn.selection.votes.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        {
            "answer": key,
            "text": _text_of(question, key),
            "mass": round(mass, 4),
            "chains": drawn.selection.chains[key],
        }
        for key, mass in ranked
    ]


def progress_body(question: Question, drawn: Drawn) -> dict[str, Any]:
    """What a stream says while chains are drawn."""
    return {
        "samples": len(drawn.candidates),
        "samples_asked": question.settings.n,
        "leader": drawn.selection.answer,
        "votes": votes_body(question, drawn),
    }


def paragraphs(answered: Answered) -> list[str]:
    """The winning chain, a step a paragraph; with low confidence the advice below it."""
    winner = answered.drawn.selection.winner
    if winner is None:
        return [f"No chain stated an answer: {REFER}."]
    told = [str(step) for step in winner.chain.steps[1:]]
    if answered.refer:
        told.append(f"Low confidence ({answered.confidence:.0%}): {REFER}.")
    return told


def finish_of(answered: Answered) -> Finish:
    """`length` when the budget ended before the vote was complete."""
    return "length" if answered.drawn.stopped in ("tokens", "time") else "stop"


def chat_body(head: dict[str, Any], answered: Answered, usage: Usage) -> dict[str, Any]:
    content = "\n\n".join(paragraphs(answered))
    message = {"role": "assistant", "content": content, "refusal": None}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": finish_of(answered),
    }
    return head | {"object": "chat.completion", "choices": [choice], "usage": usage.body()}


def completion_body(head: dict[str, Any], answered: Answered, usage: Usage) -> dict[str, Any]:
    text = "\n\n".join(paragraphs(answered))
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish_of(answered)}
    return head | {"object": "text_completion", "choices": [choice], "usage": usage.body()}


def chat_chunks(head: dict[str, Any], answered: Answered) -> Iterator[dict[str, Any]]:
    """The winning chain, a chunk a step, then why it ended."""
    head = head | {"object": "chat.completion.chunk"}
    for i, part in enumerate(paragraphs(answered)):
        delta = {"content": f"\n\n{part}" if i else part}
        yield head | {"choices": [_choice(delta, None)]}
    yield head | {"choices": [_choice({}, finish_of(answered))]}


def opening_chunk(head: dict[str, Any]) -> dict[str, Any]:
    delta = {"role": "assistant", "content": ""}
    return head | {"object": "chat.completion.chunk", "choices": [_choice(delta, None)]}


def completion_chunks(head: dict[str, Any], answered: Answered) -> Iterator[dict[str, Any]]:
    head = head | {"object": "text_completion"}
    for i, part in enumerate(paragraphs(answered)):
        text = f"\n\n{part}" if i else part
        yield head | {"choices": [_text_choice(text, None)]}
    yield head | {"choices": [_text_choice("", finish_of(answered))]}


def _choice(delta: dict[str, Any], finish: Finish | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _text_choice(text: str, finish: Finish | None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}


def _text_of(question: Question, key: str | None) -> str | None:
    return (question.problem.options or {}).get(key or "", key)
