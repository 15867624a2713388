"""Options and loading that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file; see configs/.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a config field; repeatable."),
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")]
CallsFrom = Annotated[
    Path | None,
    typer.Option(
        "--calls-from",
        metavar="RUN",
        help="Another run: what it asked of the same model is not paid again.",
    ),
]

console = Console()
if not console.is_terminal:
    console.width = 110  # a log file has no width of its own
