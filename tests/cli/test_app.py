"""The command line: fast help, examples, exit codes, messages that tell the fix."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from meds3.cli.app import app

VERBS = [
    ("verify",),
    ("evolve",),
    ("search",),
    ("ask",),
    ("evaluate",),
    ("rescore",),
    ("compare",),
    ("calibrate",),
    ("report",),
    ("export",),
    ("serve",),
    ("audit",),
    ("keys", "new"),
    ("doctor",),
    ("train", "sft"),
    ("train", "dpo"),
    ("train", "prm"),
    ("problems", "list"),
    ("problems", "show"),
    ("problems", "sample"),
    ("tree", "show"),
    ("tree", "stats"),
    ("problems", "curate"),
    ("problems", "build-seeds"),
    ("problems", "datasets"),
    ("problems", "pull"),
    ("model", "pull"),
    ("model", "list"),
]
HEAVY = ("torch", "transformers", "trl", "peft", "openvino", "datasets", "matplotlib", "scipy")


def meds3(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from meds3.cli.app import main; main()", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "COLUMNS": "200"},
    )


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_explains_itself_with_an_example(verb: tuple[str, ...]) -> None:
    shown = meds3(*verb, "--help")
    assert shown.returncode == 0
    assert "Example" in shown.stdout
    assert f"meds3 {' '.join(verb)}" in shown.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from meds3.cli.app import app;"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.stdout.strip() == "[]", shown.stderr
    assert app.info.name == "meds3"


def test_errors_are_one_message_and_exit_code_2(tmp_path: Path) -> None:
    shown = meds3("evolve", "nothing.yaml")
    assert shown.returncode == 2
    assert "nothing.yaml: no such file" in shown.stderr
    assert "Traceback" not in shown.stderr
    shown = meds3("report", str(tmp_path))
    assert shown.returncode == 2
    assert "is not a run directory" in shown.stderr
    assert meds3("evolve").returncode == 2
    assert meds3("nonsense").returncode == 2


def test_a_broken_line_of_data_is_named(tmp_path: Path) -> None:
    good = {
        "id": "1", "dataset": "d", "split": "train", "domain": "knowledge_qa", "task": "mcq",
        "question": "Q?", "options": {"A": "x", "B": "y"}, "answer": "A", "answer_text": "x",
        "context": None, "meta": {},
    }  # fmt: skip
    data = tmp_path / "d.jsonl"
    config = tmp_path / "c.yaml"
    config.write_text(
        f"name: t\nproblems: {{sources: [{{kind: jsonl, path: {data}, seeds: 1}}]}}\n"
    )
    data.write_text(json.dumps(good) + "\n{oops\n")
    shown = meds3("problems", "list", str(config))
    assert shown.returncode == 2
    assert "d.jsonl" in shown.stderr
    assert "2" in shown.stderr
    data.write_text(json.dumps({**good, "answer": "E"}) + "\n")
    shown = meds3("problems", "list", str(config))
    assert shown.returncode == 2
    assert "'E'" in shown.stderr


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("name: t\nproblems: {sources: [{kind: gym, seeds: 5, heldout: 5}]}\n")
    shown = meds3("evolve", str(config), "--dry-run", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "round-1/search" in shown.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["c.yaml"]


def test_sample_and_show_agree(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("name: t\nproblems: {sources: [{kind: gym, seeds: 5, heldout: 5}]}\n")
    sampled = meds3("problems", "sample", str(config), "-n", "1")
    assert sampled.returncode == 0, sampled.stderr
    problem_id = next(w for w in sampled.stdout.split() if w.startswith("gym-"))
    shown = meds3("problems", "show", str(config), problem_id)
    assert "gold:" in shown.stdout
    assert meds3("problems", "show", str(config), "nope").returncode == 2
