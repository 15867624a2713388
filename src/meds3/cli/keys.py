"""`meds3 keys`: who may ask a server that other machines can reach."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meds3.cli.common import console

app = typer.Typer(help="API keys of a server.", no_args_is_help=True)
File = Annotated[Path, typer.Option("--file", "-f", help="Where their hashes are kept.")]


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Whose key it is.")], file: File = Path("keys.jsonl")
) -> None:
    """Make a key. It is shown once; the file keeps only its hash.

    Example: `meds3 keys new ward-7 --file keys.jsonl`
    """
    from meds3.serving.keys import new_key

    secret = new_key(file, name)
    console.print(f"key of {name}, shown only now:", highlight=False)
    typer.echo(secret)
    console.print(f"its hash is in {file}; to take it back, delete its line", highlight=False)


@app.command("list")
def show(file: File = Path("keys.jsonl")) -> None:
    """Whose keys there are."""
    from meds3.serving.keys import read_keys

    for key in read_keys(file):
        console.print(f"{key.name}  made {key.created}", highlight=False)
