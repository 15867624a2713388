"""`meds3 audit`: the records of what a server answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from meds3.cli.common import console
from meds3.errors import InputError


def audit(
    answer_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="An answer; without it the latest ones.")
    ] = None,
    file: Annotated[Path, typer.Option(help="The file of `meds3 serve --audit`.")] = Path(
        "runs/audit.sqlite"
    ),
    html: Annotated[
        Path | None, typer.Option(help="Write the record as one page, to print or to file.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the record.")] = False,
    delete_older: Annotated[
        float | None, typer.Option(min=0, help="Delete records older than so many days.")
    ] = None,
) -> None:
    """Look an answer up: what was asked, every candidate, why this one, by which model.

    Example: `meds3 audit ans-0123456789abcdef01234567 --html answer.html`

    Example: `meds3 audit --delete-older 90`
    """
    from meds3.runs.atomic import write_text
    from meds3.serving.audit import AuditLog, in_short
    from meds3.serving.audit_page import audit_page

    log = AuditLog(file, create=False)
    if delete_older is not None:
        console.print(f"deleted {log.delete_older(delete_older)} records")
        return
    if answer_id is None:
        if delete or html:
            raise InputError("no ID given", "meds3 audit ID; `meds3 audit` lists the latest")
        console.print(_listed([in_short(one) for one in log.latest(20)]))
        return
    record = log.get(answer_id)
    if record is None:
        raise InputError(f"{file}: no answer {answer_id}", "`meds3 audit` lists the latest")
    if html is not None:
        write_text(html, audit_page(record))
        console.print(f"written: {html}", highlight=False)
    if delete:
        log.delete(answer_id)
        console.print(f"deleted {answer_id}", highlight=False)
    elif html is None:
        _show(record)


def _listed(records: list[dict[str, Any]]) -> Table:
    table = Table("answer", "when", "said", "confidence", "question")
    for record in records:
        question = str(record["question"] or "(not kept)").replace("\n", " ")[:60]
        table.add_row(
            record["id"],
            record["created"],
            escape(str(record["answer"])),
            f"{record['confidence']:.0%}",
            escape(question),
        )
    return table


def _show(record: dict[str, object]) -> None:
    console.print_json(data=record)
