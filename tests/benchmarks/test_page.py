"""docs/benchmarks.md names every script and option there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from flat import FLAT
from search_thrift import VARIANTS
from search_throughput import SCHEDULES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def test_every_script_has_its_section_and_every_command_its_script() -> None:
    scripts = {
        path.stem
        for path in (ROOT / "benchmarks").glob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    commands = set(re.findall(r"^    python benchmarks/(\w+)\.py", PAGE, re.M))
    assert scripts <= commands
    assert set(re.findall(r"^## (\w+_\w+)$", PAGE, re.M)) == commands


def test_every_variant_and_schedule_has_its_line() -> None:
    for name in VARIANTS:
        assert f"\n| {name} |" in PAGE
    for name in [*SCHEDULES, *FLAT, "flat_warm"]:
        shown = name.replace("lock_step", "lock-step").replace("flat_", "flat, ")
        assert f"\n| {shown} |" in PAGE


def test_every_option_a_command_names_is_one_of_its_script() -> None:
    for script, options in re.findall(r"^    python benchmarks/(\w+)\.py(.*)$", PAGE, re.M):
        path = ROOT / "benchmarks" / f"{script}.py"
        if path.is_file():
            known = {
                node.value
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Constant) and str(node.value).startswith("--")
            }
            assert set(re.findall(r"--[\w-]+", options)) <= known, script
