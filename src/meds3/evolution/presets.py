"""Presets: the paper's two versions as plain overrides of the defaults.

A config names one with `preset:`; its own fields win over the preset, `--set` over both.
"""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # arXiv 2501.12051v2: SFT policy, hard step labels, τ = 3.
    "v2": {
        "search": {"correct_finishes": 3, "merge_siblings": "none"},
        "dpo": None,
        "prm": {"labels": "hard"},
    },
    # v4: soft dual-sided labels, DPO after SFT, the released config's 4 finishes.
    "v4": {
        "search": {"correct_finishes": 4, "merge_siblings": "none"},
        "dpo": {},
        "prm": {"labels": "dual-soft"},
    },
}
