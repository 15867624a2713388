"""`meds3 ask`: one question, the winning chain, the votes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from meds3 import SAFETY_NOTE
from meds3.cli.common import console
from meds3.errors import InputError

if TYPE_CHECKING:
    from meds3.answering.answer import Answered
    from meds3.evolution.config import RunConfig
    from meds3.evolution.outcome import Outcome
    from meds3.problems.problem import Problem


def ask(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", help="An answer option; repeat for each, in order."),
    ] = None,
    context: Annotated[str | None, typer.Option(help="Text the question is about.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="JSON with question, options, context; or plain text: the question."),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="Without options the answer is a: span, number or date.")
    ] = "span",
    run: Annotated[
        Path | None, typer.Option(help="A run directory; without it the base model answers.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Chains to sample.")] = 8,
    strategy: Annotated[str, typer.Option(help="pvs, majority, greedy, best-of-n/min, …")] = "pvs",
    tree: Annotated[
        bool, typer.Option("--tree", help="Chains from one search that the run's PRM guides.")
    ] = False,
    adaptive: Annotated[
        str | None,
        typer.Option(
            help="Stop drawing chains: exact, when none can change the answer (the default where "
            "votes add up); likely, when the leader wins with probability --sure; off."
        ),
    ] = None,
    sure: Annotated[float, typer.Option(help="For --adaptive likely.")] = 0.95,
    abstain_below: Annotated[
        float | None,
        typer.Option(
            help="Below this confidence: refer to a clinician. By default what the run's config "
            "says, 0.5; 0: only without an answer."
        ),
    ] = None,
    seed: int = 0,
) -> None:
    """Sample many chains, score their steps, let them vote.

    Example: `meds3 ask "Which drug is an opioid antagonist?" -o naloxone -o morphine`

    Example: `meds3 ask --run runs/cpu-demo --file question.json -n 16 --adaptive likely`
    """
    from meds3.selection.rules import check_strategy
    from meds3.selection.stopping import usual_stopping

    problem = _problem(question, option or [], context, file, kind)
    usual = usual_stopping(check_strategy(strategy))
    settings = {
        "n": n,
        "strategy": strategy,
        "candidates": "tree" if tree else "samples",
        "adaptive": adaptive or ("off" if tree else usual),
        "sure": sure,
    }
    if abstain_below is not None:
        settings["abstain_below"] = abstain_below
    answered = asyncio.run(_answer(problem, run, settings, seed))
    _show(problem, answered)


def _problem(
    question: str | None, options: list[str], context: str | None, file: Path | None, kind: str
) -> Problem:
    """The question of the command line, or of the file."""
    from meds3.problems.asked import asked_problem

    body: dict[str, Any] = {"question": question, "options": options, "context": context}
    if file is not None:
        body |= {key: value for key, value in _read(file).items() if value}
    if not body["question"]:
        raise InputError("no question given", 'meds3 ask "your question", or --file question.json')
    return asked_problem(body["question"], body["options"], body["context"], kind)


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise InputError(f"--file {file}: no such file")
    text = file.read_text("utf-8")
    if file.suffix != ".json":
        return {"question": text.strip()}
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{file} line {error.lineno}: not valid JSON: {error.msg}", "mend that line"
        ) from error
    known = {"question", "options", "context"}
    if not isinstance(body, dict) or not known & body.keys():
        raise InputError(f"{file}: expected an object with {', '.join(sorted(known))}")
    return {key: body[key] for key in known & body.keys()}


_STOPPED = {
    "all drawn": "all that were asked for",
    "settled": "no further chain could change the answer",
    "likely": "the answer is likely enough",
    "tokens": "no tokens left",
    "time": "no time left",
    "searched": "from one tree",
}


async def _answer(
    problem: Problem, run: Path | None, chosen: dict[str, Any], seed: int
) -> Answered:
    from meds3.answering.answer import answer
    from meds3.answering.config import AnsweringConfig
    from meds3.answering.forcing import most_tokens
    from meds3.chains.template import ChatTemplate
    from meds3.engines.build import build_engine
    from meds3.engines.config import EngineConfig
    from meds3.engines.forms import servable
    from meds3.engines.models import ensure_model
    from meds3.engines.ready import made_ready
    from meds3.evolution.config import updated
    from meds3.evolution.longest import longest_question
    from meds3.evolution.outcome import Outcome, calibration_of, config_of, outcome_of
    from meds3.evolution.policies import served_by
    from meds3.rewards.build import build_scorer
    from meds3.runs.directory import RunDirectory

    config: RunConfig | None = None
    outcome: Outcome = Outcome(0, None, None)
    if run is not None:
        directory = RunDirectory.existing(run)
        config, outcome = config_of(directory), outcome_of(directory)
    base = ensure_model(config.model if config else "embedded")
    engine_config = config.engine if config else EngineConfig()
    style = "bare" if outcome.policy else "worked-example"
    asked = config.answering if config else AnsweringConfig()
    settings = updated(asked, {**chosen, "style": style}, "meds3 ask")
    console.print(
        f"[dim]{'base model' if outcome.policy is None else f'{run}, round {outcome.round}'}, "
        f"{chosen['n']} chains …[/]",
        highlight=False,
    )
    served = servable(base, engine_config.kind)
    if outcome.policy:
        served = served_by(outcome.policy, engine_config, served)
    engine = build_engine(engine_config, served)
    scorer = build_scorer(outcome.prm, config.scorer) if config and outcome.prm else None
    try:
        template = ChatTemplate.from_model(base)
        await made_ready(
            engine, longest_question([problem], template, most_tokens(problem, settings))
        )
        return await answer(
            problem,
            engine,
            scorer,
            template,
            settings,
            seed=seed,
            calibration=calibration_of(outcome),
        )
    finally:
        await engine.close()
        if scorer is not None:
            await scorer.close()


def _show(problem: Problem, answered: Answered) -> None:
    drawn = answered.drawn
    selection = drawn.selection
    if selection.winner is None:
        console.print("[bold yellow]No chain stated an answer: refer to a clinician.[/]")
    else:
        scores = selection.winner.scores
        for i, step in enumerate(selection.winner.chain.steps[1:]):
            mark = f"[cyan]{scores[i]:.2f}[/] " if scores else ""
            console.print(f"{mark}{escape(str(step))}", highlight=False)
        options = problem.options or {}
        text = ". ".join(filter(None, (selection.answer, options.get(selection.answer or ""))))
        console.print(f"\n[bold green]Answer: {escape(text)}[/]")
        told = (
            "right so often when measured on held-out questions"
            if answered.calibrated
            else "its share of the chains; not calibrated"
        )
        console.print(f"confidence {answered.confidence:.0%} ({answered.strategy}: {told})")
        if answered.refer:
            console.print("[bold yellow]Low confidence: refer to a clinician.[/]")
    votes = Table("answer", "votes", "chains")
    keys = [c.extraction.key for c in drawn.candidates]
    for key, mass in sorted(selection.votes.items(), key=lambda pair: -pair[1]):
        votes.add_row(escape(key), f"{mass:.2f}", str(selection.chains[key]))
    if unread := keys.count(None):
        votes.add_row("[dim]no usable answer[/]", "", str(unread))
    console.print(votes)
    console.print(
        f"[dim]{len(keys)} chains ({_STOPPED[drawn.stopped or 'all drawn']}), "
        f"{answered.tokens:,} tokens, {answered.seconds:.1f} s[/]"
    )
    console.print(f"[dim italic]{SAFETY_NOTE}[/]")
