"""`meds3 search`: only the search of a run's first round, or of its next one."""

from __future__ import annotations

import asyncio

from rich.table import Table

from meds3.cli.common import CallsFrom, ConfigPath, Overrides, console
from meds3.cli.watch import Watch


def search(config: ConfigPath, overrides: Overrides = None, calls_from: CallsFrom = None) -> None:
    """Grow a tree for each seed problem; journalled, resumable, used by a later `evolve`.

    Example: `meds3 search configs/cpu-demo.yaml --set name=look --set search.max_nodes=10`
    """
    from meds3.evolution.config import load_config
    from meds3.evolution.evolve import search_only

    settings = load_config(config, overrides or ())
    with Watch(console) as watch:
        stats = asyncio.run(search_only(settings, watch, calls_from))
    table = Table(title=f"{settings.run_path}: search", title_justify="left", show_header=False)
    for name, value in (
        ("problems solved", f"{stats.solved} of {stats.trees}"),
        ("problems failed for good", f"{stats.failed:,}"),
        ("nodes", f"{stats.nodes:,}"),
        ("rollouts verified correct", f"{stats.rollouts_correct:,} of {stats.rollouts:,}"),
        ("correct finishes", f"{stats.verified_chains:,}"),
        ("generated tokens", f"{stats.tokens:,} ({stats.tokens_per_second:.0f}/s)"),
    ):
        table.add_row(name, value)
    console.print(table)
