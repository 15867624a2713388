"""No library of ours phones home."""

from __future__ import annotations

import os
import sys

_OFF = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def refuse_telemetry() -> None:
    """Call before the first import of openvino, transformers or huggingface_hub.

    `import openvino` sends an event unless the user opted out in a file or says `CI=true`;
    no variable of its own turns that off. Openvino falls back to its own stub when the
    package openvino_telemetry cannot be imported, so it is made unimportable here.
    """
    for variable, value in _OFF.items():
        os.environ.setdefault(variable, value)
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
