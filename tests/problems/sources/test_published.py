"""Published datasets: golden problems from files in each publisher's shape."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from meds3.answers.judge import verify
from meds3.answers.kinds import Choice, Date, ItemSet, Label, Number, Span
from meds3.answers.verdict import Verdict
from meds3.errors import InputError
from meds3.problems.problem import Problem
from meds3.problems.sources.registry import DATASETS, dataset_named
from meds3.problems.sources.row import Skipped
from tests.problems.sources import publishers

GOLD_MISSING = "the gold answer is not among the options"

# name -> ids and golds in the file's order, and why rows are left out.
GOLDEN: dict[str, tuple[dict[str, str], list[str]]] = {
    "medqa": ({"medqa-train-1": "B. Iron", "medqa-train-3": "C. Lead"}, [GOLD_MISSING]),
    "medmcqa": (
        {"medmcqa-a1": "C. Ulna"},
        [GOLD_MISSING, "the gold answer is not published"],
    ),
    "mmlu_med": (
        {"mmlu_med-anatomy_test-1": "A. Skin", "mmlu_med-virology_test-1": "D. z"},
        [GOLD_MISSING],
    ),
    "headqa": (
        {"headqa-Cuaderno_2099_1_B-1": "D. Answer 4."},
        ["the question needs an image", GOLD_MISSING],
    ),
    "pubmedqa": ({"pubmedqa-101": "A. yes", "pubmedqa-102": "B. no"}, []),
    "bioasq": (
        {
            "bioasq-q1": "A. yes",
            "bioasq-q2": "BACUS",
            "bioasq-q3": "lyase; kinase",
            "bioasq-q5": "T cell",
        },
        ["a summary question has no exact answer"],
    ),
    "chemprot": ({"chemprot-train-1": "I. INHIBITOR"}, [GOLD_MISSING]),
    "drug_dose": ({"drug_dose-DRUG-DOSE-1": "5 mg", "drug_dose-DRUG-DOSE-2": "2 tablets"}, []),
    "pubhealth": (
        {
            "pubhealth-1": "B. false, text1 is not a fact.",
            "pubhealth-2": "A. true, text1 is a fact.",
            "pubhealth-3": "C. mixture, text1 contains both fact and non-fact information.",
        },
        ["the label is not one of true, false, mixture, unproven"] * 2,
    ),
    "healthfact": (
        {"healthfact-1": "0", "healthfact-2": "2", "healthfact-3": "1"},
        ["the label is not one of true, false, mixture, unproven"] * 2,
    ),
    "evidence_inference": (
        {
            "evidence_inference-7": "B. significantly decreased",
            "evidence_inference-9": "C. no significant difference",
        },
        ["the annotators disagree"],
    ),
    "biomrc": ({"biomrc-dataset_train_small-1": "@entity1"}, [GOLD_MISSING]),
    "bc5cdr": (
        {
            "bc5cdr-500-chemical": "Foocin; barol",
            "bc5cdr-500-disease": "rash",
            "bc5cdr-500-cid": "Foocin -> rash",
            "bc5cdr-501-chemical": "water",
        },
        ["the article has no disease", "the article has no cid"],
    ),
    "mts_dialog": (
        {"mts_dialog-0": "F. ALLERGY (allergies)"},
        ["the section is not one of the twenty"],
    ),
    "ddxplus": (
        {"ddxplus-release_train_patients-1": "Bronchitis"},
        ["the gold answer is not among the conditions"],
    ),
    "casimedicos": (
        {"casimedicos-train-1": "B. Of another kind. So it says."},
        [GOLD_MISSING],
    ),
    "medcalc": (
        {
            "medcalc-1": "20",
            "medcalc-2": "-10",
            "medcalc-3": "4",
            "medcalc-4": "2024-12-03",
            "medcalc-5": "34 weeks 3 days",
        },
        [],
    ),
    "medxpertqa": (
        {"medxpertqa-Text-1": "J. Drug JJ", "medxpertqa-Text-2": "A. Drug AA"},
        [GOLD_MISSING],
    ),
    "seer": (
        {"seer-test-1": "Surgery", "seer-test-2": "No surgery"},
        ["the instance has no output"],
    ),
}


def fixture_of(name: str, folder: Path) -> Path:
    maker: Callable[[Path], Path] = getattr(
        publishers, "pubhealth" if name == "healthfact" else name
    )
    return maker(folder)


def read(name: str, path: Path, split: str | None = None) -> tuple[list[Problem], list[Skipped]]:
    skipped: list[Skipped] = []
    return list(DATASETS[name].read(path, split, skipped)), skipped


def one(name: str, folder: Path, at: int = 0) -> Problem:
    return read(name, fixture_of(name, folder))[0][at]


def test_every_dataset_has_a_golden_file() -> None:
    assert set(GOLDEN) == set(DATASETS)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_problems_and_what_is_left_out(name: str, tmp_path: Path) -> None:
    golds, reasons = GOLDEN[name]
    problems, skipped = read(name, fixture_of(name, tmp_path))
    assert {p.id: str(p.answer) for p in problems} == golds
    assert [s.reason for s in skipped] == reasons
    dataset = DATASETS[name]
    for problem in problems:
        assert (problem.dataset, problem.domain) == (name, dataset.domain)
        assert problem.answer.kind in dataset.answers
        assert verify(f"The answer is {problem.answer}.", problem.answer).verdict is Verdict.CORRECT
    for row in skipped:
        assert row.where.startswith(str(tmp_path))
        assert row.example


@pytest.mark.parametrize("name", [n for n, (_, reasons) in GOLDEN.items() if reasons])
def test_without_a_place_for_them_rows_are_never_left_out_silently(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="leave that row out"):
        list(DATASETS[name].read(fixture_of(name, tmp_path)))


def test_registry_is_complete_and_names_the_nearest() -> None:
    for name, dataset in DATASETS.items():
        assert name == dataset.name
        assert all((dataset.title, dataset.licence, dataset.citation, dataset.homepage))
        fetchable = all(file.url for files in dataset.files.values() for file in files)
        assert fetchable or dataset.by_hand
    with pytest.raises(InputError, match="did you mean 'medmcqa'"):
        dataset_named("MedMCAQ")
    with pytest.raises(InputError, match="no split 'tset'"):
        DATASETS["medqa"].path_of("tset")


def test_texts_are_what_a_model_needs(tmp_path: Path) -> None:
    assert (
        one("pubmedqa", tmp_path).context == "METHODS: Forty mice were fed.\n\nRESULTS: They grew."
    )
    assert one("bioasq", tmp_path).context is None
    assert one("bioasq", tmp_path, 1).context == "Abra is made by bacus."
    assert one("mts_dialog", tmp_path).context == "Doctor: Any allergies?\nPatient: No."
    assert one("healthfact", tmp_path).context == "A long article on tea."
    assert one("pubhealth", tmp_path).context == "Tea does not."
    assert one("evidence_inference", tmp_path).context == "Pain fell, clearly."
    assert one("seer", tmp_path).question == (
        "Plan the treatment.\nChoose one of: No surgery; Surgery."
    )
    assert one("casimedicos", tmp_path).question == "A man of 40 is pale. What is it?"
    assert one("bc5cdr", tmp_path).context == "Foocin and rash Foocin gave a Rash; foocin, barol."
    assert one("ddxplus", tmp_path).context == (
        "Patient: 75-year-old female.\nFindings:\n- Do you cough? Yes\n"
        "- Where does it hurt? ear(L), tooth\n- Have you travelled? No\n- How strong is it? 6"
    )
    assert one("biomrc", tmp_path).question.endswith(
        "Title: XXXX in @entity10\n"
        "Choose one of: @entity1 (flu, Parkinson's flu); @entity10 (patients, patient)"
    )


def test_answers_carry_their_aliases_bounds_and_kinds(tmp_path: Path) -> None:
    assert one("bioasq", tmp_path, 1).answer == Span(text="BACUS", aliases=("bacus gene",))
    assert one("drug_dose", tmp_path).answer == Span(text="5 mg", aliases=("High",))
    assert one("bc5cdr", tmp_path, 2).answer == ItemSet(items=("Foocin -> rash",))
    assert one("ddxplus", tmp_path).answer == Label(
        label="Bronchitis", labels=("Bronchitis", "HIV")
    )
    kinds = [one("medcalc", tmp_path, i).answer for i in range(4)]
    assert kinds[0] == Number(value=20, lower=19, upper=21)
    assert kinds[1] == Number(value=-10, lower=-10.5, upper=-9.5)
    assert kinds[2] == Number(value=4)
    assert kinds[3] == Date(day=date(2024, 12, 3))


def test_splits_that_share_a_file_do_not_mix(tmp_path: Path) -> None:
    path = publishers.pubmedqa(tmp_path / "p")
    assert [p.id for p in read("pubmedqa", path, "train")[0]] == ["pubmedqa-101"]
    assert [p.id for p in read("pubmedqa", path, "test")[0]] == ["pubmedqa-102"]
    path = publishers.evidence_inference(tmp_path / "e")
    assert [p.id for p in read("evidence_inference", path, "dev")[0]] == ["evidence_inference-9"]
    with pytest.raises(InputError, match=r"test_article_ids\.txt: no such file"):
        read("evidence_inference", path, "test")


def test_chemprot_in_biocreatives_own_tables(tmp_path: Path) -> None:
    (problem,), _ = read("chemprot", publishers.chemprot_tables(tmp_path))
    assert problem.context == "Foo and Bar1 We saw that [[ Foo ]] blocks << Bar1 >>."
    assert isinstance(problem.answer, Choice)
    assert str(problem.answer) == "I. INHIBITOR"


def test_casimedicos_exp_lines(tmp_path: Path) -> None:
    path = publishers.lines(
        tmp_path / "train.jsonl",
        {
            "id": 3,
            "full_question": "What now?",
            "options": {"1": "Wait", "2": "Act", "3": None},
            "correct_option": 2,
            "type": "SURGERY",
        },
    )
    (problem,), _ = read("casimedicos", path)
    assert problem.answer == Choice(letter="B", options={"A": "Wait", "B": "Act"})


def test_an_id_given_twice_stays_two_problems(tmp_path: Path) -> None:
    row = {"opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": 1, "id": "x"}
    path = publishers.lines(
        tmp_path / "d.json", {**row, "question": "One?"}, {**row, "question": "Two?"}
    )
    assert [p.id for p in read("medmcqa", path)[0]] == ["medmcqa-x", "medmcqa-x-2"]


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (("Zinc", "A.", "Tin", "Iron"), "an option reads like the letter of another one"),
        (("Zinc", "zinc.", "Tin", "Iron"), "another option reads like the gold"),
        (("Zinc", "Tin", "tin", "Iron"), None),
        (("A", "B", "AB", "O"), None),
    ],
)
def test_options_that_cannot_be_told_apart_are_left_out(
    texts: tuple[str, ...], reason: str | None, tmp_path: Path
) -> None:
    options = {f"op{letter}": text for letter, text in zip("abcd", texts, strict=True)}
    path = publishers.lines(tmp_path / "t.json", {"question": "Q?", "cop": 1, "id": "1", **options})
    problems, skipped = read("medmcqa", path)
    assert [row.reason for row in skipped] == ([reason] if reason else [])
    assert len(problems) == (reason is None)


def test_the_documentation_states_each_dataset_as_the_registry_does() -> None:
    page = (Path(__file__).parents[3] / "docs" / "data.md").read_text()
    for dataset in DATASETS.values():
        (row,) = (line for line in page.split("\n") if line.startswith(f"| `{dataset.name}` |"))
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert cells[1:4] == [
            dataset.domain.value,
            ", ".join(dataset.answers),
            ", ".join(dataset.files),
        ]
        assert cells[4] == ("by hand" if dataset.by_hand else "pull")
        assert cells[5] == dataset.licence


def test_medxpertqa_says_its_options_once(tmp_path: Path) -> None:
    first = one("medxpertqa", tmp_path)
    assert first.question == "Which drug comes first?"
    assert first.meta == {"medical_task": "Treatment", "question_type": "Reasoning"}
