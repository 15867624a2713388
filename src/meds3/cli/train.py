"""`meds3 train`: one training by itself, from a file of rows."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from meds3.cli.common import Overrides, RunPath, console
from meds3.cli.watch import Watch

if TYPE_CHECKING:
    from meds3.learning.jobs import Job

app = typer.Typer(help="Train a policy or a PRM from JSONL rows.", no_args_is_help=True)


class Stage(StrEnum):
    """What can be trained."""

    SFT = "sft"
    DPO = "dpo"
    PRM = "prm"


Data = Annotated[Path, typer.Argument(help="JSONL rows, such as runs/NAME/round-1/sft.jsonl.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")]
Model = Annotated[str, typer.Option(help="embedded, a GGUF, a folder or a hub id.")]


@app.command()
def sft(
    data: Data,
    output: Output,
    model: Model = "embedded",
    seed: int = 0,
    overrides: Overrides = None,
) -> None:
    """Fine-tune a policy on verified chains.

    Example: `meds3 train sft runs/cpu-demo/round-1/sft.jsonl -o my-policy --set lr=1e-4`
    """
    from meds3.learning.jobs import SftJob

    _run(SftJob, data, output, model, seed, overrides)


@app.command()
def dpo(
    data: Data,
    output: Output,
    model: Model = "embedded",
    seed: int = 0,
    overrides: Overrides = None,
) -> None:
    """Fine-tune a policy on pairs of better and worse chains.

    Example: `meds3 train dpo runs/NAME/round-1/dpo.jsonl -o my-policy --model my-sft`
    """
    from meds3.learning.jobs import DpoJob

    _run(DpoJob, data, output, model, seed, overrides)


@app.command()
def prm(
    data: Data,
    output: Output,
    model: Model = "embedded",
    seed: int = 0,
    overrides: Overrides = None,
) -> None:
    """Train a process reward model on labelled steps.

    Example: `meds3 train prm runs/cpu-demo/round-1/prm.jsonl -o my-prm --model my-policy`
    """
    from meds3.learning.jobs import PrmJob

    _run(PrmJob, data, output, model, seed, overrides)


@app.command()
def rows(
    run: RunPath,
    stage: Annotated[Stage, typer.Argument(help="Which training the rows are for.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The JSONL file to write.")],
    round_: Annotated[int, typer.Option("--round", min=1, help="Which round's trees.")] = 1,
    overrides: Overrides = None,
) -> None:
    """Make training rows from the trees of a run, with other settings than the run's.

    Prints what was taken and what was left out. The run itself is only read.

    Example: `meds3 train rows runs/cpu-demo sft -o rows.jsonl --set choose=shortest`
    """
    from rich.markdown import Markdown

    from meds3.evolution.rebuild import rebuilt_rows
    from meds3.learning.rows import write_rows
    from meds3.learning.summary import summary_page

    made, summary = rebuilt_rows(run, round_, stage.value, overrides or ())
    write_rows(output, made)
    console.print(Markdown(summary_page({output.name: summary})))
    console.print(f"written: {output}", highlight=False)


@app.command()
def follow(
    run: Annotated[Path, typer.Argument(help="The run's folder, which the machines share.")],
    machine_rank: Annotated[
        int, typer.Option(min=1, help="The number of this machine: 1, 2, …; 0 is the first.")
    ],
) -> None:
    """Join each training that `meds3 evolve` begins on the first machine, for one over several.

    For `accelerate` files with num_machines above 1. Start it in the folder in which `meds3 evolve`
    was started. It goes on until it is stopped.

    Example: `meds3 train follow runs/NAME --machine-rank 1`
    """
    from meds3.learning.follow import follow as following

    log = run / "logs" / f"machine-{machine_rank}.log"

    def say(what: str) -> None:
        console.print(what, highlight=False, markup=False)

    asyncio.run(following(run, machine_rank, log, say))


def _run(kind: Any, data: Path, output: Path, model: str, seed: int, overrides: Overrides) -> None:
    from meds3.engines.forms import gguf_of, trainable
    from meds3.engines.models import ensure_model
    from meds3.evolution.config import settings_from
    from meds3.learning.launch import progress_note, run_job

    weights = ensure_model(model)
    body = {
        "model": trainable(weights),
        "data": data,
        "output": output,
        "seed": seed,
        "config": settings_from(kind.model_fields["config"].annotation, overrides or ()),
    }
    if "gguf_base" in kind.model_fields:
        body["gguf_base"] = gguf_of(weights)
    job: Job = kind(**body)
    log = output.with_name(f"{output.name}.log")
    with Watch(console) as watch:
        watch.stage(f"train {job.stage}", f"{data} → {output}")

        def show(metrics: dict[str, Any]) -> None:
            watch.progress(metrics["step"], metrics["steps"], "steps", progress_note(metrics))

        asyncio.run(run_job(job, log, show))
    console.print(f"written: {output}   log: {log}", highlight=False)
