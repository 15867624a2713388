"""`meds3`: the verbs. Each lives in its own file and does its heavy imports when called."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from meds3 import SAFETY_NOTE, __version__
from meds3.cli import (
    ask,
    audit,
    calibrate,
    compare,
    doctor,
    engine,
    evaluate,
    evolve,
    export,
    keys,
    model,
    problems,
    report,
    rescore,
    search,
    serve,
    simulate,
    train,
    tree,
    verify,
)
from meds3.errors import MedS3Error

app = typer.Typer(
    name="meds3",
    help="Grow a small medical reasoning model on your own machine.",
    epilog=SAFETY_NOTE,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

# Nothing leaves the building: libraries that phone home are told not to, whatever the shell says.
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"meds3 {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print and leave.")
    ] = False,
) -> None:
    os.environ.update(_QUIET)


for command in (
    evolve.evolve,
    search.search,
    ask.ask,
    evaluate.evaluate,
    rescore.rescore,
    compare.compare,
    calibrate.calibrate,
    verify.verify,
    report.report,
    export.export,
    serve.serve,
    audit.audit,
    simulate.simulate,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(train.app, name="train")
app.add_typer(keys.app, name="keys")
app.add_typer(problems.app, name="problems")
app.add_typer(model.app, name="model")
app.add_typer(engine.app, name="engine")
app.add_typer(tree.app, name="tree")


def _as_ctrl_c(_: int, frame: FrameType | None) -> None:
    """Within `asyncio.run` Ctrl-C cancels the main task, so that its tasks end in order."""
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)


def _heed_signals() -> None:
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A script's background job: it still must not end by Ctrl-C, but asyncio takes its part
        # in a stop only where SIGINT has Python's own handler.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        signal.signal(signal.SIGINT, signal.default_int_handler)


def main() -> None:
    """The console script: errors become one message and an exit code (2 input, 3 engine, disk)."""
    _heed_signals()
    try:
        app()  # usage errors leave with 2, Ctrl-C with 130
    except MedS3Error as error:
        Console(stderr=True).print(f"[bold red]error:[/] {_plain(str(error))}", highlight=False)
        sys.exit(error.exit_code)


def _plain(text: str) -> str:
    """Brackets in a user's file name are not markup."""
    return text.replace("[", r"\[")
