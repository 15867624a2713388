"""The report: whole, self-contained, escaped, the same every time."""

from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from markupsafe import escape
from rich.console import Console

from meds3 import SAFETY_NOTE
from meds3.errors import InputError
from meds3.evaluation.report.dataset_plot import strongest_base
from meds3.evaluation.report.markdown import markdown
from meds3.evaluation.report.measure_plots import told_confidence
from meds3.evaluation.report.page import ReportData, render, write_report
from meds3.evaluation.report.quality_words import in_words
from meds3.evaluation.report.table import cells, macro_columns, macro_table, p_value, to_table
from meds3.evaluation.report.tiles import tiles
from meds3.evaluation.report.words import caveats, headline
from meds3.evaluation.results import Results, read_results, write_results
from meds3.evaluation.results_measures import BenchmarkEntry, Contamination
from meds3.evaluation.results_parts import Macro, MacroDifference, PrmQuality
from tests.evaluation.made_up import report_data

VOID = {"meta", "br", "hr", "link", "img", "input"}


# What takes time to draw and is not asked about.
FEW: dict[str, list[object]] = {"prm_quality": [], "rounds": [], "stages": []}


class Tags(HTMLParser):
    """Every tag is closed in order; ids are unique."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.ids += [value or "" for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


@pytest.fixture(scope="module")
def page(data: ReportData) -> str:
    return render(data)


def test_the_page_is_whole_and_fetches_nothing(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))
    assert {"script", "link", "img", "iframe"}.isdisjoint(tags.seen)
    # Each figure twice: for wide pages, and for phones.
    assert tags.seen.count("svg") == 2 * 8
    assert page.count('<div class="wide">') == page.count('<div class="narrow">') == 8
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page


def test_everything_is_escaped(page: str) -> None:
    for raw in ("made-up <run>", "<script>", "bisoprolol <2.5", "<b>Pulse</b>"):
        assert raw not in page
    assert "bisoprolol &lt;2.5 mg" in page


def test_the_page_says_what_it_must(page: str, data: ReportData) -> None:
    assert page.count(SAFETY_NOTE) == 2
    for text in ("rolled back", "McNemar", "merge_siblings", "What this does not show"):
        assert text in page
    assert page.count("<article>") == len(data.examples) == 3
    for row in data.results.rows:
        assert all(f">{cell}<" in page for cell in cells(row, ("macro",)))


def test_the_markdown_twin_has_the_same_words_and_figures(data: ReportData) -> None:
    text = markdown(data.results)
    results = data.results
    for line in headline(results):
        assert line in text
    assert SAFETY_NOTE in text
    lines = text.splitlines()
    for row in results.rows:
        assert f"| {' | '.join(cells(row, ('macro',)))} |" in lines
    # Every table is whole: a heading, a rule and rows of as many cells.
    for before, rule in itertools.pairwise(lines):
        if rule.startswith("| ---"):
            assert before.count("|") == rule.count("|")
    assert "made-up &lt;run>" in lines[0]
    assert r"| ward \| own |" in text  # a bar in a name is not a border
    assert "biomedical QA" in text
    assert not re.search(r"<[A-Za-z/]", text)


def test_the_tiles_are_the_last_kept_round_and_the_strongest_base(data: ReportData) -> None:
    last, base, gain, cost = tiles(data.results)
    results = data.results
    pvs, best = results.row("round-1", "pvs"), results.row("base", "majority")
    assert pvs.macro is not None
    assert best.macro is not None
    assert last.figure == f"{100 * pvs.macro.accuracy:.1f}%"
    assert last.label == "round-1, pvs (8)"  # round 2 was rolled back
    assert base.figure == f"{100 * best.macro.accuracy:.1f}%"
    macro = results.comparisons[0].macro
    assert macro is not None
    assert gain.figure == f"+{100 * macro.difference:.1f} points"
    assert cost.figure == f"{pvs.tokens / 100:,.0f} tokens"


def test_a_suite_of_one_model_has_four_tiles_of_its_own(data: ReportData) -> None:
    results = data.results
    own = results.model_copy(
        update={
            "systems": [s for s in results.systems if s.name == "base"],
            "rows": [row for row in results.rows if row.system == "base"],
        }
    )
    last, single, *_, cost = tiles(own)
    assert last.label == "base, majority (8)"
    assert single.label == "base, greedy"
    assert cost.label == "an answer costs"


def test_a_weaker_prompt_is_not_the_base_that_is_shown(data: ReportData) -> None:
    results = data.results
    shown = results.systems[0].model_copy(update={"name": "base-example"})
    better = results.row("base", "greedy").model_copy(
        update={"system": "base-example", "macro": Macro(datasets=5, accuracy=0.6, low=0, high=1)}
    )
    found = strongest_base(
        results.model_copy(
            update={"systems": [*results.systems, shown], "rows": [*results.rows, better]}
        )
    )
    assert found == better


def test_what_the_prm_is_worth_is_told(page: str, data: ReportData) -> None:
    assert "What the PRM is worth" in page
    for q in data.results.prm_quality:
        for line in in_words(q):
            assert escape(line) in page
        for score in q.scores:
            assert score.auc_within is not None
            assert f">{score.auc_within.value:.2f} ({score.auc_within.low:.2f}" in page
    assert "always “B”" in page
    assert "100.0% <small>(100.0 – 100.0); 10 of 10 seeds</small>" in page
    assert "40 steps × 8 rollouts" in page
    assert "round 1, prm" in page
    assert 'class="alarm"' not in page


def test_an_alarm_stands_in_the_headline_and_in_a_box(data: ReportData) -> None:
    loud = [
        q.model_copy(
            update={
                "length": [
                    one.model_copy(update={"alarm": (one.rule, one.measure) == ("last", "tokens")})
                    for one in q.length
                ]
            }
        )
        for q in data.results.prm_quality
    ]
    results = data.results.model_copy(update={"prm_quality": loud})
    told = [line for line in headline(results) if "Length alarm" in line]
    assert len(told) == 1  # of the last round; the section has both
    assert "the PRM of round 2, read as “last”" in told[0]
    page = render(ReportData(results=results))
    assert page.count('<p class="alarm">') == 2
    assert page.count(escape(told[0])) == 2


def test_the_baseline_is_in_the_headline(data: ReportData) -> None:
    told = headline(data.results)
    assert "always saying the commonest answer of a dataset's seeds 100.0%" in told[1]


def test_one_dataset_has_no_macro_columns(data: ReportData) -> None:
    alone = {"macro": None, "macro_large": None}
    results = data.results.model_copy(
        update={
            "rows": [row.model_copy(update=alone) for row in data.results.rows],
            "comparisons": [c.model_copy(update=alone) for c in data.results.comparisons],
            **FEW,
        }
    )
    assert macro_columns(results.rows) == {}
    assert "macro" not in render(ReportData(results=results)).partition("<body>")[2]


def test_large_sets_have_a_column_of_their_own_where_others_are_small(data: ReportData) -> None:
    macro = Macro(datasets=2, accuracy=0.4321, low=0.4, high=0.5)
    row = data.results.rows[0].model_copy(update={"macro_large": macro})
    columns = macro_columns([row])
    assert columns == {"macro": "macro over 5 sets", "macro_large": "over 2 sets of ≥ 100"}
    assert cells(row, columns)[6] == "43.2% (40.0 – 50.0)"
    assert cells(data.results.rows[1], columns)[6] == "–"


def test_macro_is_told_where_it_is_another_figure(data: ReportData) -> None:
    assert "counted the same" not in headline(data.results)[0]  # 20 questions each
    first = data.results.comparisons[0]
    other = MacroDifference(datasets=5, difference=0.12, low=0.01, high=0.2, p_value=0.0312)
    results = data.results.model_copy(
        update={"comparisons": [first.model_copy(update={"macro": other})]}
    )
    said = headline(results)[0]
    assert (
        "With each of 5 datasets counted the same: +12.0 points (+1.0 to +20.0; p = 0.031)" in said
    )


def test_the_figures_follow_the_page_colours(page: str) -> None:
    assert "currentColor" in page
    assert "var(--series-1)" in page
    assert "#0102" not in page


def test_rendering_repeats(page: str, data: ReportData) -> None:
    assert render(data) == page


def test_a_run_with_nothing_but_a_base_row_has_a_report(data: ReportData) -> None:
    few = data.results.model_copy(
        update={
            "rows": data.results.rows[:1],
            "systems": data.results.systems[:1],
            "comparisons": [],
            "rounds": [],
            "stages": [],
            "by_domain": [],
            "by_dataset": [],
            "majority_label": [],
            "bag_of_words": [],
            "prm_quality": [],
        }
    )
    assert "No paired comparison" in render(ReportData(results=few))


def test_the_headline_is_the_first_comparison_with_the_base(data: ReportData) -> None:
    first = headline(data.results)[0]
    assert first.startswith("On 100 held-out problems, round-1 with pvs answered")
    assert "base with majority" in first
    assert first.endswith("Only the second was shown a worked example.")


def test_the_report_says_when_systems_were_sampled_at_different_temperatures(
    data: ReportData,
) -> None:
    def told(base: float) -> bool:
        heat = {row.system: base if row.system == "base" else 1.0 for row in data.results.rows}
        rows = [
            row.model_copy(update={"temperature": heat[row.system]}) for row in data.results.rows
        ]
        said = caveats(data.results.model_copy(update={"rows": rows}))
        return any("base at 0.3, round-1 at 1" in sentence for sentence in said)

    assert told(0.3)
    assert not told(1.0)
    assert not any("temperature" in sentence for sentence in caveats(data.results))  # older files


def test_no_base_goes_unmentioned(data: ReportData) -> None:
    """The comparison that shows no gain stands beside the one that shows it."""
    strong = data.results.systems[0].model_copy(update={"name": "base-example"})
    gain = data.results.comparisons[0]
    none = gain.model_copy(
        update={
            "b": gain.b.model_copy(update={"system": "base-example", "accuracy": 0.83}),
            "difference": -0.02,
            "low": -0.1,
            "high": 0.06,
            "p_mcnemar": 0.8,
        }
    )
    results = data.results.model_copy(
        update={
            "systems": [*data.results.systems, strong],
            "comparisons": [*data.results.comparisons, none],
        }
    )
    told = headline(results)
    assert "base with majority" in told[0]
    assert "base-example with majority 83.0%: −2.0 points" in told[2]
    assert "Chance alone could explain" in told[2]


def test_results_survive_the_disk(tmp_path: Path, data: ReportData) -> None:
    write_results(tmp_path / "results.json", data.results)
    assert read_results(tmp_path / "results.json") == data.results
    write_report(tmp_path / "report.html", data)
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert (tmp_path / "report.md").read_text("utf-8") == markdown(data.results)


def test_results_from_before_these_measures_are_read_and_shown(
    tmp_path: Path, data: ReportData
) -> None:
    old = data.results.model_dump(mode="json")
    del old["majority_label"], old["bag_of_words"], old["prm_quality"]
    for one in (*old["rows"], *old["comparisons"]):
        del one["macro"], one["macro_large"]
    for info in old["rounds"]:
        del info["gate"]["comparison"]["macro"], info["gate"]["comparison"]["macro_large"]
    file = tmp_path / "results.json"
    file.write_text(json.dumps(old))
    found = read_results(file)
    assert (found.prm_quality, found.majority_label, found.rows[0].macro) == ([], [], None)
    page = render(ReportData(results=found))
    assert "What the PRM is worth" not in page
    assert "always “" not in page
    assert "bag of words" not in page


def test_broken_results_are_named(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    with pytest.raises(InputError, match="no such file"):
        read_results(file)
    file.write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        read_results(file)
    file.write_text('{"schema_version": 2}')
    with pytest.raises(InputError, match="schema_version"):
        read_results(file)


def test_the_schema_has_every_documented_field() -> None:
    described = Path("docs/results.md").read_text("utf-8")
    for model in (Results, PrmQuality):
        for name in model.model_fields:
            assert f"`{name}`" in described, name


def test_the_console_shows_the_same_numbers_in_a_narrow_window(data: ReportData) -> None:
    console = Console(width=100, record=True, file=StringIO())
    console.print(to_table(data.results))
    shown = console.export_text()
    row = cells(data.results.rows[0])
    for cell in (row[0], row[1], row[2], f"{row[3]} ({row[4]})", row[7]):
        assert cell in shown


def test_the_console_has_the_macro_averages_in_80_columns(data: ReportData) -> None:
    console = Console(width=80, record=True, file=StringIO())
    table = macro_table(data.results)
    assert table is not None
    console.print(table)
    shown = console.export_text()
    assert "macro over 5 sets" in shown
    macro = data.results.row("round-2", "pvs").macro
    assert macro is not None
    assert f"{100 * macro.accuracy:.1f}%" in shown
    assert "…" not in shown
    bare = [row.model_copy(update={"macro": None}) for row in data.results.rows]
    assert macro_table(data.results.model_copy(update={"rows": bare})) is None


def test_a_small_p_is_never_zero() -> None:
    assert p_value(1e-9) == "< 0.001"
    assert p_value(0.0421) == "0.042"


def test_cost_confidence_and_other_ways_to_measure_are_told(page: str, data: ReportData) -> None:
    for title in ("Accuracy at equal cost", "Confidence", "Where it is right", "Does it depend"):
        assert f"<h2>{title}" in page
        assert f"## {title}" in markdown(data.results)
    assert 'aria-label="Accuracy over generated tokens per question"' in page
    assert 'aria-label="Calibration of confidence, and accuracy over coverage"' in page
    assert "mathdefault" not in page  # a formula that nobody typeset
    best = min(
        (r for r in data.results.reliability if r.system == "round-1"), key=lambda r: r.brier
    )
    assert f"{100 * best.ece:.1f}%" in page


def test_the_confidence_that_is_shown_is_the_last_kept_rounds(data: ReportData) -> None:
    votes, fitted = told_confidence(data.results)
    assert (votes.system, fitted.system) == ("round-1", "round-1")
    assert votes.confidence == "votes"
    assert fitted.brier <= votes.brier


def test_a_suite_tells_what_was_asked_and_what_overlaps(data: ReportData) -> None:
    entry = BenchmarkEntry(
        name="gym-knowledge_qa",
        suite="s",
        suite_version="1",
        source="exam <1>.jsonl",
        file_sha256="f" * 64,
        problems_sha256=None,
        n_read=100,
        n_asked=20,
        contamination=Contamination(
            n_seeds=9, n_questions=20, n_overlapping=3, by_rule={"same": 3}, problem_ids=["x"]
        ),
    )
    results = data.results.model_copy(update={"benchmarks": [entry]})
    page = render(data.model_copy(update={"results": results}))
    assert "exam &lt;1&gt;.jsonl" in page
    assert "20 of 100" in page
    assert "15.0%" in page
    assert "Accuracy on all questions of the suite" in page
    assert "the training problems" not in page  # a suite's questions come from elsewhere
