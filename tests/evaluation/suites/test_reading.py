"""Suites: files that explain themselves, digests, limits, what is not here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from meds3.errors import InputError
from meds3.evaluation.suites.contamination import clean_rows, contamination
from meds3.evaluation.suites.reading import check_all_here, drawn, read_suite
from meds3.evaluation.suites.suite import built_in, load_suite
from meds3.problems.problem import Problem
from meds3.problems.sources.registry import DATASETS
from meds3.runs.digest import digest_path
from tests.evaluation.made_up import PROBLEMS, evaluation
from tests.evaluation.test_measure import CONFIG

PAPER = {
    "MedQA", "MedMCQA", "PubMedQA", "BioASQ", "MMLU-Med", "PubHealth", "HealthFact", "BioMRC",
    "DrugDose", "DDXPlus", "SEER",
}  # fmt: skip


def rows(path: Path, count: int, word: str = "question") -> Path:
    fixed = {"options": ["yes", "no"], "answer": "A"}
    lines = [{"id": f"{path.stem}-{i}", "question": f"{word} {i}?", **fixed} for i in range(count)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def suite_file(folder: Path, *benchmarks: dict[str, object]) -> str:
    path = folder / "suite.yaml"
    body = {"name": "mine", "version": 1, "benchmarks": list(benchmarks)}
    path.write_text(yaml.safe_dump(body))
    return str(path)


def one(path: Path, **more: object) -> dict[str, object]:
    return {"name": path.stem, "source": {"kind": "jsonl", "path": str(path)}, **more}


def test_the_papers_eleven_sets_and_two_beyond() -> None:
    assert {b.name for b in load_suite("paper").benchmarks} == PAPER
    sources = [b.source for name in built_in() for b in load_suite(name).benchmarks]
    names = {source.name for source in sources if source.kind == "dataset"}
    assert names == set(DATASETS)  # every dataset that is known is in a suite
    assert {b.name for b in load_suite("out-of-domain").benchmarks} == {
        "MedCalc-Bench",
        "MedXpertQA",
    }


def test_the_gym_needs_no_file() -> None:
    asked = read_suite(load_suite("gym"), limit=3)
    assert [len(a.problems) for a in asked] == [3, 3, 3]
    assert asked[0].entry.n_read == 130
    assert {p.dataset for a in asked for p in a.problems} == {"gym-1", "gym-2", "gym-3"}


def test_what_is_not_here_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDS3_CACHE", str(tmp_path))
    asked = read_suite(load_suite("paper"))
    missing = {a.benchmark.name: a.entry.missing or "" for a in asked}
    assert "SEER research data agreement" in missing["SEER"]
    assert "meds3 problems pull biomrc --split test" in missing["BioMRC"]
    assert str(tmp_path) in missing["SEER"]
    with pytest.raises(InputError, match="11 of 11 benchmarks are not here") as error:
        check_all_here(asked)
    assert "--skip-missing" in str(error.value)


def test_a_file_of_another_digest_is_told(tmp_path: Path) -> None:
    path = rows(tmp_path / "exam.jsonl", 4)
    good = suite_file(tmp_path, one(path, sha256=digest_path(path)))
    (asked,) = read_suite(load_suite(good))
    assert asked.entry.file_sha256 == digest_path(path)
    before = asked.entry.problems_sha256
    rows(path, 4, "another question")
    with pytest.raises(InputError, match="these are other questions"):
        read_suite(load_suite(good))
    (accepted,) = read_suite(load_suite(good), accept_changed=True)
    assert accepted.entry.file_sha256 == digest_path(path)
    assert accepted.entry.problems_sha256 != before


def test_a_smaller_limit_is_part_of_a_larger(tmp_path: Path) -> None:
    path = rows(tmp_path / "exam.jsonl", 50)
    ref = suite_file(tmp_path, one(path, limit=20))
    five, ten, all_ = (
        {p.id for p in read_suite(load_suite(ref), limit=n)[0].problems} for n in (5, 10, None)
    )
    assert five < ten < all_
    assert len(all_) == 20  # the suite's own limit
    assert drawn(PROBLEMS, None) == tuple(PROBLEMS)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "bad name"}, "benchmarks.0.name"),
        ({"source": {"kind": "jsonl", "path": "x", "seeds": 3}}, "seeds"),
        ({"source": {"kind": "gym"}}, "needs heldout"),
        ({"sha256": "abc"}, "benchmarks.0.sha256"),
        ({"limt": 3}, "limt"),
    ],
)
def test_a_faulty_suite_names_the_field(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    path = rows(tmp_path / "exam.jsonl", 2)
    ref = suite_file(tmp_path, {**one(path), **change})
    with pytest.raises(InputError, match=r"suite\.yaml") as error:
        load_suite(ref)
    assert told in str(error.value)


def test_a_misspelt_suite_is_guessed() -> None:
    with pytest.raises(InputError, match="did you mean 'paper'"):
        load_suite("papr")


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    path = rows(tmp_path / "exam.jsonl", 2)
    again = {**one(path), "name": "again"}
    with pytest.raises(InputError, match="is in exam and in again"):
        read_suite(load_suite(suite_file(tmp_path, one(path), again)))


# ----------------------------------------------------------------------- contamination

LONG = "A man of {} years with {} comes to the ward at night and asks for help with his pain"


def exam(name: str, question: str) -> Problem:
    return PROBLEMS[0].model_copy(
        update={"id": name, "question": question, "context": None, "dataset": "exam"}
    )


def test_contamination_by_rule() -> None:
    known = LONG.format(40, "gout of the left foot")
    seeds = [exam("s1", known), exam("s2", LONG.format(9, "a wasp sting on his arm"))]
    longer = f"{known} What is the first drug to give him now, before the morning round begins?"
    asked = {
        "one": [exam("q1", known), exam("q2", longer), exam("q3", "What is new here, today?")],
        "two": [exam("q4", "Nothing of the kind is asked in this one at all, is it?")],
    }
    found = contamination(asked, seeds)
    assert found["one"].by_rule == {"same question": 1, "same question, word for word": 1}
    assert found["one"].problem_ids == ["q1", "q2"]
    assert found["one"].share == pytest.approx(2 / 3)
    assert found["two"].n_overlapping == 0
    assert found["two"].n_seeds == 2


def test_clean_scores_leave_the_overlapping_questions_out() -> None:
    made = evaluation("round-1", 0.6)
    first = made.outcomes[0]
    rows_ = clean_rows(made, {first.problem_id}, CONFIG)
    here = next(r for r in rows_ if (r.group, r.strategy) == (first.dataset, "greedy"))
    assert here.n_questions == 19
    assert clean_rows(made, {"elsewhere"}, CONFIG) == []
