"""Sources and the split of seeds and held-out problems."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from meds3.answers.kinds import Choice, Date, ItemSet, Label, Number, Span
from meds3.errors import InputError
from meds3.problems.config import ProblemsConfig
from meds3.problems.load import ProblemSplit, load_problems
from meds3.problems.problem import Domain
from meds3.problems.sources.jsonl import read_jsonl
from meds3.problems.sources.medsss import read_medsss, split_options


def row(i: int, **fields: Any) -> dict[str, Any]:
    base = {
        "id": f"q{i}",
        "dataset": "d",
        "domain": "biomedical_qa",
        "task": "mcq",
        "question": f"Question {i}?",
        "options": {"A": "yes", "B": "no"},
        "answer": "A",
        "meta": {},
    }
    return base | fields


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "\n".join(map(json.dumps, rows))
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def load(*sources: dict[str, Any]) -> ProblemSplit:
    return load_problems(ProblemsConfig.model_validate({"sources": sources}))


def test_each_task_becomes_its_answer_kind(tmp_path: Path) -> None:
    free = {"options": None}
    rows = [
        row(0),
        row(1, **free, task="extraction", answer="5 mg", meta={"aliases": ["5 mg", "five"]}),
        row(2, **free, task="extraction", answer="a; b", meta={"items": ["a", "b"]}),
        row(3, **free, task="extraction", answer="a -> b", meta={"items": [["a", "b"]]}),
        row(4, **free, task="extraction", answer="a; b", meta={"aliases": [["a", "x"], ["b"]]}),
        row(5, **free, task="numeric", answer="6.7", meta={"lower": "6", "upper": "7"}),
        row(6, **free, task="numeric", answer="12/02/2000"),
        row(7, **free, task="classification", answer="1", meta={"candidates": ["0", "1"]}),
    ]
    kinds = [type(p.answer) for p in read_jsonl(write(tmp_path / "d.jsonl.gz", rows))]
    assert kinds == [Choice, Span, ItemSet, ItemSet, ItemSet, Number, Date, Label]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (row(1, answer="Z"), "'Z' is not among the options A, B"),
        (row(1, anwser="A"), "unknown key 'anwser'"),
        (row(1, question=""), "question is missing"),
        (row(1, task="quiz"), "task: 'quiz'"),
        (row(1, domain="law"), "domain"),
        (row(1, options=3), "options: expected letters"),
        (row(1, meta=[1]), "meta: expected an object"),
        (row(0), "id 'q0' occurs twice"),
    ],
)
def test_a_bad_row_names_file_line_and_fault(
    tmp_path: Path, bad: dict[str, Any], says: str
) -> None:
    path = write(tmp_path / "d.jsonl", [row(0), bad])
    with pytest.raises(InputError) as caught:
        read_jsonl(path)
    assert f"{path}:2: " in caught.value.message
    assert says in caught.value.message
    assert caught.value.fix


def test_bad_files_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_jsonl(tmp_path / "none.jsonl")
    (tmp_path / "a.jsonl").write_text('{"question": 1}\n{oops\n'.replace('{"question": 1}', "\n"))
    with pytest.raises(InputError, match=r"a\.jsonl:3: not valid JSON"):
        read_jsonl(tmp_path / "a.jsonl")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"x" * 500)[:-9])
    with pytest.raises(InputError, match="gzip"):
        read_jsonl(tmp_path / "b.gz")
    (tmp_path / "c.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_jsonl(tmp_path / "c.jsonl")


def test_parts_share_no_id_and_no_text_and_open_ones_are_counted(tmp_path: Path) -> None:
    rows = [row(i, question=f"Question {i // 2}?", context=None) for i in range(20)]
    rows += [row(90 + i, task="open", options=None, answer="prose") for i in range(3)]
    path = str(write(tmp_path / "d.jsonl", rows))
    split = load({"kind": "jsonl", "path": path, "seeds": 5, "heldout": 5})
    assert not {p.question for p in split.seeds} & {p.question for p in split.heldout}
    assert split.open_excluded == 3
    with pytest.raises(InputError, match="only 4 are left"):
        load({"kind": "jsonl", "path": path, "seeds": 6, "heldout": 6})


def test_a_second_part_of_a_file_holds_fresh_seeds_for_other_rounds(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.jsonl", [row(i) for i in range(30)]))
    whole = load({"kind": "jsonl", "path": path, "seeds": 8, "heldout": 5})
    split = load(
        {"kind": "jsonl", "path": path, "seeds": 8, "heldout": 5, "rounds": [1]},
        {"kind": "jsonl", "path": path, "seeds": 6, "rounds": [2, 3]},
        {"kind": "gym", "tasks": ["dose"], "seeds": 2},
    )
    ids = [{p.id for p in split.seeds_of(number) if p.dataset == "d"} for number in (1, 2, 3, 4)]
    assert ids[0] == {p.id for p in whole.seeds}  # the first part is what it would be alone
    assert [len(found) for found in ids] == [8, 6, 6, 0]
    assert not ids[0] & ids[1]
    assert not (ids[0] | ids[1]) & {p.id for p in split.heldout}
    assert all(sum(p.dataset != "d" for p in split.seeds_of(n)) == 2 for n in (1, 2, 9))


def test_a_fresh_seed_that_overlaps_a_held_out_problem_of_its_file_is_replaced(
    tmp_path: Path,
) -> None:
    words = "a man of sixty has pain in the chest and sweats since this morning and he"
    rows = [row(i, question=f"Number {i}: {'x' * i} what is it?") for i in range(12)]
    near = [row(100 + i, question=f"{words} {end}?") for i, end in enumerate(("faints", "falls"))]
    path = str(write(tmp_path / "a.jsonl", [*rows, *near]))
    for seed in range(12):  # whichever of the two is held out
        split = load(
            {"kind": "jsonl", "path": path, "seeds": 2, "heldout": 5, "rounds": [1], "seed": seed},
            {"kind": "jsonl", "path": path, "seeds": 5, "rounds": [2], "seed": seed},
        )
        held = [p for p in split.heldout if p.question.startswith(words)]
        seeds = [p for p in split.seeds if p.question.startswith(words)]
        assert not (held and seeds)


def test_the_number_that_is_said_to_be_left_can_be_asked_for(tmp_path: Path) -> None:
    words = "a man of sixty has pain in the chest and sweats since this morning and he"
    rows = [row(i, question=f"Number {i}: {'x' * i} what is it?") for i in range(8)]
    ends = ("faints", "falls", "prays", "cries", "sings", "jumps", "sleeps")
    near = [row(100 + i, question=f"{words} {end}?") for i, end in enumerate(ends)]
    source = {
        "kind": "jsonl",
        "path": str(write(tmp_path / "a.jsonl", [*rows, *near])),
        "heldout": 5,
    }
    with pytest.raises(InputError, match="seeds asks for 10") as error:
        load({**source, "seeds": 10})  # there are so many, and near ones of those held out
    left = int(re.findall(r"only (\d+) are left", error.value.message)[0])
    assert left < 9  # what is left after the first look is not the end of it
    assert f"lower seeds to {left}" in str(error.value)
    assert len(load({**source, "seeds": left}).seeds) == left


def test_a_held_out_text_of_one_source_is_no_seed_of_another(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", [row(i) for i in range(6)])
    second = write(tmp_path / "b.jsonl", [row(i, id=f"x{i}") for i in range(8)])
    split = load(
        {"kind": "jsonl", "path": str(second), "seeds": 2},
        {"kind": "jsonl", "path": str(first), "heldout": 6},
    )
    assert {p.id for p in split.seeds} == {"x6", "x7"}


def test_draws_are_balanced_over_datasets_and_repeat(tmp_path: Path) -> None:
    rows = [row(i, dataset="big") for i in range(50)] + [
        row(100 + i, dataset="small") for i in range(10)
    ]
    source = {"kind": "jsonl", "path": str(write(tmp_path / "d.jsonl", rows)), "seeds": 12}
    split = load(source)
    assert sum(p.dataset == "small" for p in split.seeds) == 6
    assert load(source) == split
    assert load({**source, "seed": 1}).seeds != split.seeds


def test_a_file_of_its_own_for_the_held_out(tmp_path: Path) -> None:
    train = write(tmp_path / "a.jsonl", [row(i) for i in range(4)])
    test = write(tmp_path / "b.jsonl", [row(10 + i) for i in range(4)])
    split = load(
        {"kind": "jsonl", "path": str(train), "heldout_path": str(test), "seeds": 4, "heldout": 4}
    )
    assert {p.id for p in split.heldout} == {f"q{10 + i}" for i in range(4)}


def test_gym_counts_are_totals_spread_over_tasks() -> None:
    split = load({"kind": "gym", "seeds": 11, "heldout": 5})
    assert len(split.seeds) == 11
    assert len({p.dataset for p in split.heldout}) == 5


def test_all_tasks_at_all_levels_give_every_group_its_share() -> None:
    split = load({"kind": "gym", "tasks": "all", "level": [1, 2, 3], "seeds": 156, "heldout": 78})
    groups = {(p.dataset, p.meta["level"]) for p in split.seeds}
    assert len(groups) == 78
    assert {(p.dataset, p.meta["level"]) for p in split.heldout} == groups


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "gim"},
        {"kind": "gym", "tasks": ["doze"]},
        {"kind": "gym", "sed": 1},
        {"kind": "gym", "level": [4]},
    ],
)
def test_a_misspelt_source_is_refused(source: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        load(source)


def test_the_papers_format(tmp_path: Path) -> None:
    def entry(value: str, answer: str) -> dict[str, Any]:
        return {"conversations": [{"from": "human", "value": value}], "eval": {"answer": answer}}

    path = tmp_path / "x.json"
    path.write_text(json.dumps([entry("Question: Q?\n\nA. yes\nB. no", "B"), entry("Dose?", "5")]))
    first, second = read_medsss(path, None, Domain.BIOMEDICAL_QA)
    assert (first.question, first.answer) == (
        "Q?",
        Choice(letter="B", options={"A": "yes", "B": "no"}),
    )
    assert second.answer == Span(text="5")
    path.write_text(json.dumps([entry("Q?\nA. yes\nB. no", "C")]))
    with pytest.raises(InputError, match=r"entry 0: eval\.answer 'C' is not among"):
        read_medsss(path, None, Domain.BIOMEDICAL_QA)


def test_an_option_over_two_lines_is_one_option() -> None:
    question, options = split_options("A. fumigatus is a\nA. mould\nof soil\nB. virus")
    assert question == "A. fumigatus is a"
    assert options == {"A": "mould of soil", "B": "virus"}
