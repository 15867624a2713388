"""`meds3 export`: a trained policy or PRM as a folder to hand on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from meds3.cli.common import RunPath, console


def export(
    run: RunPath,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")],
    format_: Annotated[
        Literal["gguf", "hf", "adapter"],
        typer.Option(
            "--format",
            help="gguf: llama.cpp, Ollama, OpenVINO; hf: transformers, vLLM; adapter: LoRA alone.",
        ),
    ] = "gguf",
    what: Annotated[
        Literal["policy", "prm"],
        typer.Option("--what", help="The policy, or the process reward model (--format hf)."),
    ] = "policy",
    quantization: Annotated[
        Literal["q8_0", "f16"], typer.Option(help="Of the matrices of a gguf.")
    ] = "q8_0",
    round_: Annotated[
        int | None, typer.Option("--round", min=1, help="A round; else the last that was kept.")
    ] = None,
    base_gguf: Annotated[
        Path | None,
        typer.Option(help="gguf: one of the base model, for a run that did not begin with one."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
) -> None:
    """Write weights, a model card with its data ledger, and for gguf an Ollama Modelfile.

    The folder appears whole or not at all.

    Example: `meds3 export runs/cpu-demo -o my-model` then `ollama create my-model -f Modelfile`

    Example: `meds3 export runs/cpu-demo --format hf --what prm -o my-prm`
    """
    from meds3.evolution.export.package import export as write
    from meds3.evolution.export.writers import Request

    request = Request(
        output=output,
        format=format_,
        what=what,
        quantization=quantization,
        round=round_,
        base_gguf=base_gguf,
        force=force,
    )
    source = write(run, request)
    if not source.kept:
        console.print(f"[bold yellow]round {source.round} was rolled back: it showed harm[/]")
    console.print(f"written: {output} (round {source.round}); see its README.md", highlight=False)
