"""Rows from a tree made by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.answers.kinds import Choice, Label
from meds3.answers.verdict import Verdict
from meds3.chains.chain import STEP_ZERO, Step, chain_of, parse_chain, parse_steps
from meds3.errors import InputError
from meds3.learning.balance import capped, even_shares
from meds3.learning.config import DpoConfig, PrmConfig, SftConfig
from meds3.learning.pairs import dpo_rows
from meds3.learning.prm_rows import prm_rows
from meds3.learning.rows import PrmRow, SftRow, read_rows, write_rows
from meds3.learning.sft_rows import sft_rows
from meds3.learning.summary import summary_page
from meds3.learning.verified import states_once, trimmed
from meds3.problems.problem import Domain
from meds3.search.tree import Rollout, Tree
from tests.learning.trees import PROBLEM, PROMPT, hand_tree, rollout


def sft(**settings):
    return sft_rows([hand_tree()], [PROBLEM], SftConfig(**settings))


def prm(**settings):
    return prm_rows([hand_tree()], [PROBLEM], PrmConfig(**settings))


def test_sft_takes_verified_finishes_and_rollouts_shortest_first():
    rows, summary = sft()
    assert [row.completion for row in rows] == [
        chain_of("Good start.", "The answer is yes.").text,
        chain_of("Good start.", "Good middle.", "So it is.", "The answer is yes.").text,
    ]
    assert rows[0].prompt == PROMPT
    assert summary["rows"] == 2
    assert summary["by_depth"] == {"2": 1, "4": 1}
    assert summary["by_domain"] == {"medical_nli": 2}


def test_sft_options_leave_chains_out():
    assert len(sft(kept_rollouts=False)[0]) == 1
    assert len(sft(per_problem=1)[0]) == 1
    assert [r.completion.count("Step") for r in sft(min_steps=3)[0]] == [5]


def test_the_order_of_a_problems_chains_is_chosen():
    # The finish is worth .9 (its one step), the rollout .9 too: .9 then .95. Worth ties.
    shortest, longest = (row.completion for row in sft(choose="all")[0])
    assert [r.completion for r in sft(choose="shortest", per_problem=1)[0]] == [shortest]
    tree = hand_tree()
    tree.nodes[5].parent = 2  # the finish now follows the start that was worth .05
    rows, _ = sft_rows([tree], [PROBLEM], SftConfig(choose="min-value", per_problem=1))
    assert [row.completion for row in rows] == [longest]
    rows, _ = sft_rows([tree], [PROBLEM], SftConfig(choose="all", per_problem=1))
    assert len(rows) == 2


def test_diverse_takes_another_first_step_before_the_same_again():
    tree = hand_tree()
    other = chain_of("Other start.", "So, all told, it is. The answer is yes.").steps
    tree.nodes[0].rollouts = [Rollout(other[1:], Verdict.CORRECT, 9)]
    rows, summary = sft_rows([tree], [PROBLEM], SftConfig(choose="diverse", per_problem=2))
    assert [row.completion.split("\n\n")[1] for row in rows] == [
        "Step 1: Good start.",
        "Step 1: Other start.",
    ]
    assert summary["dropped"] == {"more than the problem's places": 1}


def test_an_easy_problem_gives_fewer_chains():
    # Right: the finish and a rollout; wrong: a finish, a rollout, and one unparsable: 2 of 5.
    assert len(sft(easy_per_problem=1, easy_rate=0.41)[0]) == 2
    rows, summary = sft(easy_per_problem=1, easy_rate=0.4)
    assert len(rows) == 1
    assert summary["dropped"] == {"more than the problem's places": 1}


def trees_of(answers):
    """A solved tree for each answer, and the problems."""
    problems, trees = [], []
    for i, answer in enumerate(answers):
        tree = hand_tree()
        tree.problem_id = f"p{i}"
        label = Label(label=answer, labels=("yes", "no"))
        problems.append(PROBLEM.model_copy(update={"id": f"p{i}", "answer": label}))
        trees.append(tree)
    return trees, problems


def test_answers_that_luck_favoured_are_cut_back_to_their_share_of_gold():
    trees, problems = trees_of(["yes"] * 8 + ["no"] * 8)
    solved = [*trees[:8], trees[8]]  # all of yes, one of no: 9 rows, half of them is 4.5
    config = SftConfig(
        per_problem=1, balance_answers="gold", answer_slack=1.0, one_statement="keep"
    )
    _, summary = sft_rows(solved, problems, config)
    assert summary["by_answer"] == {"gym: yes": 4, "gym: no": 1}
    assert summary["dropped"]["answer has too many rows"] == 4
    even = config.model_copy(update={"balance_answers": "even", "answer_slack": 1.5})
    assert sft_rows(solved, problems, even)[1]["by_answer"] == {"gym: yes": 6, "gym: no": 1}


def test_no_domain_outweighs_the_others():
    trees, problems = trees_of(["yes"] * 8)
    problems[0] = problems[0].model_copy(update={"domain": Domain.KNOWLEDGE_QA})
    _, summary = sft_rows(trees, problems, SftConfig(per_problem=1, domain_slack=1.0))
    assert summary["by_domain"] == {"knowledge_qa": 1, "medical_nli": 4}


@given(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc")), max_size=40),
    st.floats(0.2, 3.0),
)
def test_capped_keeps_groups_small_and_problems_whole(drawn, slack):
    rows = [
        SftRow(
            problem_id=str(p), domain=Domain.MEDICAL_NLI, dataset="d", prompt="q", completion=str(i)
        )
        for i, (p, _) in enumerate(drawn)
    ]
    groups = [group for _, group in drawn]
    shares = even_shares(groups) if groups else {}
    kept = capped(rows, groups, shares, slack)
    assert kept == sorted(set(kept))
    for group in set(groups):
        members = [i for i in kept if groups[i] == group]
        most = max(1, int(slack * shares[group] * len(rows)))
        assert len(members) == min(most, groups.count(group))
    assert set(groups) == {groups[i] for i in kept}


def test_the_summary_is_a_page_of_tables():
    page = summary_page({"sft.jsonl": sft()[1], "prm.jsonl": prm(labels="soft")[1]})
    assert "## sft.jsonl" in page
    assert "| medical_nli | 2 |" in page
    assert "| positives | 7 |" in page


def test_a_chain_that_tells_the_examples_facts_as_its_own_is_left_out():
    # The worked example of a label question is about hand washing and diarrhea.
    tree = hand_tree()
    tree.nodes[1].step = Step(1, "Diarrhea fell by a third.")
    rows, summary = sft_rows([tree], [PROBLEM], SftConfig())
    assert (rows, summary["dropped"]) == ([], {"tells the worked example's facts": 2})
    assert len(sft_rows([tree], [PROBLEM], SftConfig(borrowed_facts="keep"))[0]) == 2
    about = PROBLEM.model_copy(update={"context": "Zinc was given for diarrhea."})
    assert len(sft_rows([tree], [about], SftConfig())[0]) == 2


def test_a_chain_written_with_the_answer_shown_teaches_the_policy_and_nothing_else():
    tree = hand_tree()
    for node in tree.nodes:
        node.rollouts = []
        if node.kind == "finish":
            node.verdict = Verdict.WRONG
    tree.rationales = [
        rollout(Verdict.CORRECT, "It is written so.", "The answer is yes.", first=1),
        rollout(Verdict.WRONG, "The answer is no.", first=1),
    ]
    rows, summary = sft_rows([tree], [PROBLEM], SftConfig())
    told = chain_of("It is written so.", "The answer is yes.").text
    assert [(row.completion, row.prompt, row.hinted) for row in rows] == [(told, PROMPT, True)]
    assert (summary["rows"], summary["hinted"]) == (1, 1)
    assert "| hinted | 1 |" in summary_page({"sft.jsonl": summary})
    assert not [r for r in prm_rows([tree], [PROBLEM], PrmConfig())[0] if "written" in str(r.steps)]
    assert "written" not in str(dpo_rows([tree], [PROBLEM], DpoConfig())[0])


def test_prm_labels_only_what_was_simulated():
    rows, summary = prm(labels="soft")
    by_steps = {tuple(row.steps): row for row in rows}
    assert by_steps[("Bad start.", "Unsimulated.", "The answer is no.")].labels == [0.05, None, 0]
    assert by_steps[("Good start.", "The answer is yes.")].labels == [0.9, 1]
    kept = by_steps[("Good start.", "Good middle.", "So it is.", "The answer is yes.")]
    assert kept.labels == [0.9, 0.95, None, 1]
    assert kept.end == "rollout"
    assert len(rows) == 5
    assert summary["positives"] == 2 + 3 + 2  # shared steps count in each of their chains
    assert summary["unlabelled"] == 2


def test_prm_takes_right_and_wrong_chains_in_turn():
    rows, _ = prm(per_problem=2)
    assert [row.values[-1] for row in rows] == [1.0, 0.0]


def test_contrast_takes_as_many_right_as_wrong_chains_of_a_problem():
    def ends(**settings):
        return [bool((row.values[-1] or 0) > 0.5) for row in prm(contrast=True, **settings)[0]]

    everything = [(row.values[-1] or 0) > 0.5 for row in prm(per_problem=None)[0]]
    pairs = min(everything.count(True), everything.count(False))
    assert pairs >= 2
    assert ends(per_problem=None) == [True, False] * pairs
    assert ends(per_problem=3) == [True, False]
    hopeless = hand_tree()
    for node in hopeless.nodes:
        node.rollouts = [r for r in node.rollouts if r.verdict is not Verdict.CORRECT]
        if node.verdict is Verdict.CORRECT:
            node.verdict = Verdict.WRONG
    assert prm_rows([hopeless], [PROBLEM], PrmConfig(contrast=True))[0] == []


def test_rollout_ends_stay_unlabelled_when_told():
    rows, _ = prm(label_rollout_ends=False, labels="hard")
    assert all(row.labels[-1] is None for row in rows if row.end == "rollout")


def test_negatives_are_bounded():
    _, summary = prm(labels="hard", max_negatives_ratio=0.2)
    assert summary["negatives"] <= 0.2 * summary["positives"]


def test_dpo_pairs_need_a_gap_and_different_parents():
    rows, summary = dpo_rows([hand_tree()], [PROBLEM], DpoConfig())
    pairs = {(row.kind, row.depth, row.chosen, row.rejected) for row in rows}
    assert pairs == {
        (
            "step",
            2,
            chain_of("Good start.", "Good middle.").text,
            chain_of("Bad start.", "Bad middle.").text,
        ),
        (
            "finish",
            2,
            chain_of("Good start.", "The answer is yes.").text,
            chain_of("Bad start.", "Unsimulated.", "The answer is no.").text,
        ),
    }
    assert summary["by_kind"] == {"finish": 1, "step": 1}
    assert dpo_rows([hand_tree()], [PROBLEM], DpoConfig(gap=0.96))[0] == []


def test_rows_survive_the_file(tmp_path):
    rows, _ = prm()
    write_rows(tmp_path / "prm.jsonl", rows)
    assert read_rows(tmp_path / "prm.jsonl", PrmRow) == rows


def test_a_broken_row_is_named(tmp_path):
    path = tmp_path / "sft.jsonl"
    rows, _ = sft()
    write_rows(path, rows)
    path.write_text(path.read_text() + '{"prompt": 3}\n')
    with pytest.raises(InputError, match="line 3"):
        read_rows(path, SftRow)


def test_completions_parse_back_to_their_chain():
    for row in sft()[0]:
        assert parse_chain(row.completion).text == row.completion


@pytest.mark.parametrize(
    ("last", "once"),
    [
        ("So it is B. The answer is B.", True),
        ("The answer is 2.5 mg once daily", True),
        ("The answer is B. The answer is B.", False),
        ("The answer is B. This is so because of the text.", False),
    ],
)
def test_a_chain_that_goes_on_after_its_answer_teaches_nothing(last: str, once: bool) -> None:
    assert states_once(chain_of("First.", last)) is once


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ("So it is C. The answer is C. The answer is C.", "So it is C. The answer is C."),
        ("So the answer is 2.5 mg. The answer is 2 mg.", "So the answer is 2.5 mg."),
        ("The correct answer is D\nE. Nan\nE. Nan", "The correct answer is D"),
        ("The answer is A.", "The answer is A."),
        ("It states no answer. At all.", "It states no answer. At all."),
    ],
)
def test_what_follows_the_first_statement_is_cut_off(last: str, kept: str) -> None:
    assert trimmed(chain_of("First.", last)) == chain_of("First.", kept)


def test_without_reasons_every_solved_problem_gives_its_answer_once() -> None:
    tree = hand_tree()
    rows, summary = sft_rows([tree], [PROBLEM], SftConfig(reasons="drop"))
    assert [row.completion for row in rows] == [f"{STEP_ZERO}\n\nStep 1: The answer is yes."]
    assert summary["dropped"] == {"the same as another once trimmed": len(sft()[0]) - 1}
    for node in tree.nodes:  # nobody found the answer
        node.verdict = Verdict.WRONG if node.verdict else None
        node.rollouts = [replace(r, verdict=Verdict.WRONG) for r in node.rollouts]
    assert sft_rows([tree], [PROBLEM], SftConfig(reasons="drop"))[0] == []


OPTIONS = {"A": "no  effect", "B": "They rise.", "C": "The answer is A."}


@pytest.mark.parametrize(
    ("letter", "learned"),
    [
        ("A", "Step 1: no effect. The answer is A."),
        ("B", "Step 1: They rise. The answer is B."),
    ],
)
def test_an_option_is_named_before_its_letter(letter: str, learned: str) -> None:
    problem = PROBLEM.model_copy(
        update={"options": OPTIONS, "answer": Choice(letter=letter, options=OPTIONS)}
    )
    rows, _ = sft_rows([_chosen(letter)], [problem], SftConfig(reasons="option"))
    assert [row.completion for row in rows] == [f"{STEP_ZERO}\n\n{learned}"]


def test_an_option_that_states_an_answer_is_not_learned_by_name() -> None:
    """`The answer is A. The answer is C.` is no chain that a rule verifies as C."""
    problem = PROBLEM.model_copy(
        update={"options": OPTIONS, "answer": Choice(letter="C", options=OPTIONS)}
    )
    rows, summary = sft_rows([_chosen("C")], [problem], SftConfig(reasons="option"))
    assert rows == []
    assert summary["dropped"] == {"not right any more once trimmed": 1}


def _chosen(letter: str) -> Tree:
    """A tree whose only verified chain says no more than the letter."""
    tree = hand_tree()
    for node in tree.nodes:
        node.verdict = Verdict.WRONG if node.verdict else None
        node.rollouts = [replace(r, verdict=Verdict.WRONG) for r in node.rollouts]
    right = parse_steps(f"The answer is {letter}.")
    tree.rationales = [Rollout(right, Verdict.CORRECT, len(right))]
    return tree


def test_without_options_the_answer_stands_alone() -> None:
    rows = sft_rows([hand_tree()], [PROBLEM], SftConfig(reasons="option"))[0]
    assert [row.completion for row in rows] == [f"{STEP_ZERO}\n\nStep 1: The answer is yes."]


@pytest.mark.parametrize(
    ("last", "learned"),
    [
        ("The answer is A.", "no effect. The answer is A."),
        ("Both arms fell. So the answer is A", "Both arms fell. no effect. The answer is A."),
        (
            "It fell by 2.5 mg\nThe final answer is A.",
            "It fell by 2.5 mg\nno effect. The answer is A.",
        ),
        ("Is it A? Yes, the answer is A (no effect).", "Is it A? no effect. The answer is A."),
        ("It is not B. So the answer is A.", "It is not B. no effect. The answer is A."),
        ("They fell. With E. coli the answer is A.", "They fell. no effect. The answer is A."),
    ],
)
def test_the_last_sentence_alone_is_reworded(last: str, learned: str) -> None:
    problem = PROBLEM.model_copy(
        update={"options": OPTIONS, "answer": Choice(letter="A", options=OPTIONS)}
    )
    tree = _chosen("A")
    steps = parse_steps(f"The arms are alike.\n\nStep 2: {last}")
    tree.rationales = [Rollout(steps, Verdict.CORRECT, len(steps))]
    rows, _ = sft_rows([tree], [problem], SftConfig(reasons="reworded"))
    assert [row.completion for row in rows] == [
        f"{STEP_ZERO}\n\nStep 1: The arms are alike.\n\nStep 2: {learned}"
    ]


def test_a_solved_problem_gives_its_answer_beside_its_reasons() -> None:
    alone = f"{STEP_ZERO}\n\nStep 1: The answer is yes."
    tree = hand_tree()
    reasoned = [r.completion for r in sft()[0] if r.completion != alone]
    for places in (1, 2, 4):
        config = SftConfig(reasons="both", per_problem=places, choose="diverse")
        rows = sft_rows([tree], [PROBLEM], config)[0]
        assert [row.completion for row in rows].count(alone) == 1
        kept = sft_rows([tree], [PROBLEM], config.model_copy(update={"reasons": "keep"}))[0]
        assert {r.completion for r in kept} | {alone} == {r.completion for r in rows}
    assert reasoned
    for node in tree.nodes:  # nobody found the answer
        node.verdict = Verdict.WRONG if node.verdict else None
        node.rollouts = [replace(r, verdict=Verdict.WRONG) for r in node.rollouts]
    assert sft_rows([tree], [PROBLEM], SftConfig(reasons="both"))[0] == []


def test_a_chain_that_is_wrong_once_trimmed_is_left_out():
    tree = hand_tree()
    tree.nodes[5].step = Step(2, "The answer is no. Or rather, the answer is yes.")
    rows, summary = sft_rows([tree], [PROBLEM], SftConfig())
    assert len(rows) == 1
    assert summary["dropped"] == {"not right any more once trimmed": 1}
    tree.nodes[5].step = Step(2, "The answer is yes. The answer is yes.")
    assert [r.completion for r in sft_rows([tree], [PROBLEM], SftConfig())[0]] == [
        r.completion for r in sft()[0]
    ]
    assert len(sft_rows([tree], [PROBLEM], SftConfig(one_statement="drop"))[0]) == 1
