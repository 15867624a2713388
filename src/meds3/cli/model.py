"""`meds3 model`: fetch models and show what is here."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="Fetch the model, and show what is here.")


@app.command()
def pull(
    ref: Annotated[
        str, typer.Argument(help="`embedded`, a path, or a Hugging Face id (org/name)")
    ] = "embedded",
    force: Annotated[bool, typer.Option("--force", help="Fetch again and replace.")] = False,
) -> None:
    """Fetch a model into the cache, check its digest, and make the forms that a run loads.

    Example: meds3 model pull
    """
    from meds3.engines.forms import servable, trainable
    from meds3.engines.models import ensure_model

    console = Console()
    with console.status(f"fetching {ref}"):
        path = ensure_model(ref, force=force)
    console.print(f"{ref}: {path}", soft_wrap=True)
    with console.status("preparing it for the CPU engine"):
        console.print(f"to answer: {servable(path, 'openvino')}", soft_wrap=True)
    if find_spec("transformers") is not None:
        with console.status("preparing it for training"):
            console.print(f"to train: {trainable(path)}", soft_wrap=True)


@app.command("list")
def list_() -> None:
    """Show the models that are known or in the cache.

    Example: meds3 model list
    """
    from meds3.engines.models import RECORDS, cache_folder, cached_path

    table = Table("model", "licence", "MiB", "where", title=f"cache: {cache_folder()}")
    known = {record.name: record for record in RECORDS.values()}
    for record in known.values():
        path = cached_path(record)
        here = path.is_file()
        size = f"{path.stat().st_size / 2**20:.0f}" if here else "–"
        where = path.name if here else "not fetched: meds3 model pull"
        table.add_row(f"{record.name} (embedded)", record.licence, size, where)
    ours = {cached_path(record).name for record in known.values()}
    for path in sorted((cache_folder() / "models").glob("*.gguf")):
        if path.name not in ours:
            table.add_row(path.stem, "?", f"{path.stat().st_size / 2**20:.0f}", path.name)
    Console().print(table)
