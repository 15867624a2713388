"""Small files in each publisher's own shape, with invented content."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def put(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    return put(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def document(path: Path, value: Any) -> Path:
    return put(path, json.dumps(value))


def table(path: Path, *rows: Sequence[object], delimiter: str = ",") -> Path:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return put(path, stream.getvalue())


def medqa(folder: Path) -> Path:
    options = {"A": "Zinc", "B": "Iron", "C": "Lead", "D": "Gold", "E": "Tin"}
    return lines(
        folder / "US" / "train.jsonl",
        {
            "question": "Which metal is in haem?",
            "answer": "Iron",
            "options": options,
            "meta_info": "step1",
            "answer_idx": "B",
        },
        {"question": "Which is not a metal?", "answer": "Salt", "options": options},
        {"question": "Which is toxic?", "answer": "Lead", "options": options},
    )


def medmcqa(folder: Path) -> Path:
    row = {"opa": "Femur", "opb": "Tibia", "opc": "Ulna", "opd": "Skull", "choice_type": "single"}
    return lines(
        folder / "dev.json",
        {
            **row,
            "question": "Bone of the forearm?",
            "cop": 3,
            "id": "a1",
            "subject_name": "Anatomy",
        },
        {**row, "question": "Bone of the shoulder?", "cop": 5, "id": "a2"},
        {**row, "question": "Hidden?", "id": "a3"},
    )


def mmlu_med(folder: Path) -> Path:
    table(
        folder / "test" / "anatomy_test.csv",
        ["Largest organ, by area?", "Skin", "Liver", "Lung", "Brain", "A"],
        ["Broken row?", "a", "b", "c", "d", "E"],
    )
    table(folder / "test" / "astronomy_test.csv", ["Nearest star?", "1", "2", "3", "4", "A"])
    table(folder / "test" / "virology_test.csv", ["A virus is", "w", "x", "y", "z", "D"])
    return folder / "test"


def headqa(folder: Path) -> Path:
    answers = [{"aid": i, "atext": f"Answer {i}."} for i in (1, 2, 3, 4)]
    base = {"answers": answers, "image": ""}
    data = [
        {**base, "qid": "1", "qtext": "First?", "ra": "4"},
        {**base, "qid": "2", "qtext": "With a picture?", "ra": "1", "image": "./images/2.png"},
        {**base, "qid": "3", "qtext": "Annulled?", "ra": "0"},
    ]
    exams = {"Cuaderno_2099_1_B": {"name": "Cuaderno_2099_1_B", "data": data}}
    return document(folder / "dev_HEAD_EN.json", {"version": "1.0", "exams": exams})


def pubmedqa(folder: Path) -> Path:
    def entry(question: str, decision: str) -> dict[str, Any]:
        return {
            "QUESTION": question,
            "CONTEXTS": ["Forty mice were fed.", "They grew."],
            "LABELS": ["METHODS", "RESULTS"],
            "LONG_ANSWER": "Food makes mice grow.",
            "final_decision": decision,
        }

    document(folder / "test_ground_truth.json", {"102": "no"})
    both = {"101": entry("Does food help?", "yes"), "102": entry("Does noise help?", "no")}
    return document(folder / "ori_pqal.json", both)


def bioasq(folder: Path) -> Path:
    snippets = [{"text": "Abra is made by bacus."}, {"text": "Abra is made by bacus."}]
    base = {"snippets": snippets, "ideal_answer": "long", "documents": []}
    questions = [
        {**base, "id": "q1", "type": "yesno", "body": "Is abra safe?", "exact_answer": "Yes"},
        {
            **base,
            "id": "q2",
            "type": "factoid",
            "body": "Which gene makes abra?",
            "exact_answer": [["BACUS", "bacus gene"]],
        },
        {
            **base,
            "id": "q3",
            "type": "list",
            "body": "Which enzymes?",
            "exact_answer": [["lyase", "LY"], ["kinase"]],
        },
        {**base, "id": "q4", "type": "summary", "body": "What is abra?"},
        {**base, "id": "q5", "type": "factoid", "body": "Which cell?", "exact_answer": ["T cell"]},
    ]
    return document(folder / "golden.json", {"questions": questions})


def chemprot(folder: Path) -> Path:
    return lines(
        folder / "train.txt",
        {"text": "[[ Foo ]] blocks << Bar1 >>.", "label": "INHIBITOR", "metadata": []},
        {"text": "[[ Foo ]] meets << Bar2 >>.", "label": "COFACTOR", "metadata": []},
    )


def chemprot_tables(folder: Path) -> Path:
    # The offsets count the title, one tab and the abstract.
    put(folder / "x_abstracts.tsv", "77\tFoo and Bar1\tWe saw that Foo blocks Bar1.\n")
    put(
        folder / "x_entities.tsv",
        "77\tT1\tCHEMICAL\t25\t28\tFoo\n77\tT2\tGENE-Y\t36\t40\tBar1\n",
    )
    return put(folder / "x_relations.tsv", "77\tCPR:4\tY \tINHIBITOR\tArg1:T1\tArg2:T2\n")


def drug_dose(folder: Path) -> Path:
    return put(
        folder / "DRUG-DOSE.rel",
        "11|High dose foocin (5 mg) was given.|5 mg|18|22|foocin|10|16\n"
        "11|High dose foocin (5 mg) was given.|High|0|4|foocin|10|16\n"
        "12|She took 2 tablets of bar.|2 tablets|9|18|bar|22|25\n",
    )


def pubhealth(folder: Path) -> Path:
    header = ["claim_id", "claim", "date_published", "explanation", "fact_checkers", "main_text"]
    header += ["sources", "label", "subjects"]
    return table(
        folder / "PUBHEALTH" / "train.tsv",
        header,
        [
            "1",
            "Tea cures all.",
            "",
            "Tea does not.",
            "X",
            "A long article on tea.",
            "",
            "false",
            "",
        ],
        ["2", "Water is wet.", "", "It is.", "X", "A long article on water.", "", "true", ""],
        ["3", "Salt helps some.", "", "Some say so.", "X", "An article.", "", "unproven", ""],
        ["4", "No label.", "", "None.", "X", "Article.", "", "snopes", ""],
        ["5", "Cut short"],
        delimiter="\t",
    )


def evidence_inference(folder: Path) -> Path:
    table(
        folder / "prompts_merged.csv",
        ["PromptID", "PMCID", "Outcome", "Intervention", "Comparator"],
        [7, "PMC500", "pain", "foocin", "placebo"],
        [8, "PMC500", "sleep", "foocin", "placebo"],
        [9, "PMC501", "weight", "barol", "nothing"],
    )
    put(folder / "splits" / "train_article_ids.txt", "500\n")
    put(folder / "splits" / "validation_article_ids.txt", "501\n")
    header = "UserID,PromptID,PMCID,Valid Label,Valid Reasoning,Label,Annotations,Label Code"
    rows = [
        [0, 7, 500, "True", "True", "significantly decreased", "Pain fell, clearly.", -1],
        [1, 7, 500, "True", "True", "significantly decrease", "Pain fell, clearly.", -1],
        [2, 7, 500, "False", "True", "no significant difference", "Nothing.", 0],
        [0, 8, 500, "True", "True", "significantly increased", "Sleep rose.", 1],
        [1, 8, 500, "True", "True", "no significant difference", "Sleep was alike.", 0],
        [0, 9, 501, "True", "True", "no significant difference", "Weight was alike.", 0],
    ]
    return table(folder / "v2_annotations.csv", header.split(","), *rows)


def biomrc(folder: Path) -> Path:
    entities = [
        "@entity1 :: ('MESH:D1', 'Disease') :: ['flu', \"Parkinson's flu\"]",
        "@entity10 :: ('9606', 'Species') :: ['patients', 'patient']",
    ]
    return document(
        folder / "dataset_train_small.json",
        {
            "abstracts": ["@entity10 had @entity1 .", "Nobody had anything ."],
            "titles": ["XXXX in @entity10", "XXXX again"],
            "entities_list": [entities, entities],
            "answers": [entities[0], "@entity99"],
        },
    )


def bc5cdr(folder: Path) -> Path:
    return put(
        folder / "CDR_TrainingSet.PubTator.txt",
        "500|t|Foocin and rash\n"
        "500|a|Foocin gave a Rash; foocin, barol.\n"
        "500\t0\t6\tFoocin\tChemical\tD01\n"
        "500\t11\t15\trash\tDisease\tD02\n"
        "500\t16\t22\tFoocin\tChemical\tD01\n"
        "500\t30\t34\tRash\tDisease\tD02\n"
        "500\t36\t42\tfoocin\tChemical\tD01\n"
        "500\t44\t49\tbarol\tChemical\tD03|D04\tbar|ol\n"
        "500\tCID\tD01\tD02\n"
        "\n"
        "501|t|Nothing here\n"
        "501|a|Only water.\n"
        "501\t5\t10\twater\tChemical\tD05\n",
    )


def mts_dialog(folder: Path) -> Path:
    return table(
        folder / "MTS-Dialog-TrainingSet.csv",
        ["ID", "section_header", "section_text", "dialogue"],
        [0, "ALLERGY", "None.", "Doctor: Any allergies?\nPatient: No."],
        [1, "POETRY", "Roses.", "Doctor: A poem?\nPatient: Yes."],
    )


def ddxplus(folder: Path) -> Path:
    document(
        folder / "release_evidences.json",
        {
            "E_1": {"name": "E_1", "question_en": "Do you cough?", "data_type": "B"},
            "E_2": {
                "name": "E_2",
                "question_en": "Where does it hurt?",
                "value_meaning": {"V_1": {"en": "ear(L)"}, "V_2": {"en": "tooth"}},
            },
            "E_3": {
                "name": "E_3",
                "question_en": "Have you travelled?",
                "value_meaning": {"V_3": {"fr": "N", "en": "N"}},
            },
            "E_4": {"name": "E_4", "question_en": "How strong is it?", "value_meaning": {}},
        },
    )
    names = {"VIH": "HIV", "Bronchite": "Bronchitis"}
    document(
        folder / "release_conditions.json",
        {key: {"condition_name": key, "cond-name-eng": name} for key, name in names.items()},
    )
    codes = "['E_1', 'E_2_@_V_1', 'E_2_@_V_2', 'E_3_@_V_3', 'E_4_@_6']"
    return table(
        folder / "release_train_patients.csv",
        ["AGE", "DIFFERENTIAL_DIAGNOSIS", "SEX", "PATHOLOGY", "EVIDENCES", "INITIAL_EVIDENCE"],
        [75, "[['Bronchite', 1.0]]", "F", "Bronchite", codes, "E_1"],
        [5, "[]", "M", "Croup", "['E_1']", "E_1"],
    )


def casimedicos(folder: Path) -> Path:
    text = """QUESTION TYPE: HEMATOLOGY

CLINICAL CASE:

A man of 40 is pale.

What is it?

1- Anemia.

2- Of another kind.

So it says.

3- Nothing.

CORRECT ANSWER: 2

Because 2 - is right.

QUESTION TYPE: SURGERY

CLINICAL CASE:

A boy fell.

1- Cast.

2- Rest.

CORRECT ANSWER: 5
"""
    tagged = "\n".join(
        "\n".join(f"{word} O" for word in line.split()) for line in text.strip().split("\n")
    )
    return put(folder / "EN" / "train.tsv", tagged + "\n")


def medcalc(folder: Path) -> Path:
    header = ["Row Number", "Calculator Name", "Output Type", "Patient Note", "Question"]
    header += ["Ground Truth Answer", "Lower Limit", "Upper Limit"]
    note = "A man, 80 kg, 2 m."
    return table(
        folder / "test_data.csv",
        header,
        [1, "BMI", "decimal", note, "BMI in kg/m2?", "20.0", "19.0", "21.0"],
        [2, "Base excess", "decimal", note, "Base excess?", "-10", "-9.5", "-10.5"],
        [3, "Score", "integer", note, "Points?", "4", "4", "4"],
        [4, "Due date", "date", note, "Due date?", "12/03/2024", "12/03/2024", "12/03/2024"],
        [5, "Age", "date", note, "Gestational age?", "('34 weeks', '3 days')", "x", "y"],
    )


def medxpertqa(folder: Path) -> Path:
    options = {letter: f"Drug {letter}{letter}" for letter in "ABCDEFGHIJ"}
    again = "".join(f" ({letter}) {text}" for letter, text in options.items())
    return lines(
        folder / "Text" / "test.jsonl",
        {
            "id": "Text-1",
            "question": f"Which drug comes first?\nAnswer Choices:{again}",
            "options": options,
            "label": "J",
            "medical_task": "Treatment",
            "question_type": "Reasoning",
        },
        {
            "id": "Text-2",
            "question": "Which comes last?",
            "options": [{"letter": k, "content": v} for k, v in options.items()],
            "label": "A",
        },
        {"id": "Text-3", "question": "Which?", "options": options, "label": "K"},
    )


def seer(folder: Path) -> Path:
    return document(
        folder / "test.json",
        {
            "Definition": ["Plan the treatment."],
            "Instances": [
                {"input": "Stage I, 50 years.", "output": "Surgery"},
                {"input": "Stage IV, 90 years.", "output": ["No surgery"]},
                {"input": "Stage II.", "output": ""},
            ],
        },
    )
