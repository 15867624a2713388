"""The report's tables of cost, confidence, parts of the questions, and other ways to score."""

from __future__ import annotations

from meds3.evaluation.report import table
from meds3.evaluation.report.dataset_plot import shown_lines
from meds3.evaluation.report.measure_plots import told_confidence
from meds3.evaluation.report.quality_sheets import Sheet
from meds3.evaluation.results import Results, Row

# In the order of the page.
SECTIONS = {
    "benchmarks": "Benchmarks",
    "cost": "Accuracy at equal cost",
    "confidence": "Confidence",
    "parts": "Where it is right, where not",
    "rules": "Does it depend on the way of measuring?",
}


def measure_sheets(results: Results) -> dict[str, list[Sheet]]:
    """Sheets by section; a section without any is left out."""
    sections = {
        "cost": [_curve(results)],
        "confidence": [_reliability(results), _coverage(results)],
        "parts": [_slices(results)],
        "rules": [_mirrors(results), _orders(results)],
        "benchmarks": [_benchmarks(results)],
    }
    found = {name: [s for s in sheets if s.rows] for name, sheets in sections.items()}
    return {name: sheets for name, sheets in found.items() if sheets}


def _curve(results: Results) -> Sheet:
    shown = dict.fromkeys(line.system for line in shown_lines(results))
    points = [p for p in results.cost_curve if p.system in shown]
    return Sheet(
        title="Accuracy by the number of chains",
        headings=("system", "strategy", "chains", "tokens", "seconds", "accuracy", "95% interval"),
        left=2,
        rows=[
            (
                p.system,
                p.strategy,
                str(p.n_samples),
                f"{p.tokens:,.0f}",
                f"{p.seconds:.2f}",
                table.percent(p.accuracy),
                table.interval(p.low, p.high),
            )
            for p in points
        ],
        note="Per question. The chains that were kept, cut into blocks in the order drawn; a "
        "question counts with the mean over its blocks.",
    )


def _reliability(results: Results) -> Sheet:
    return Sheet(
        title="What each confidence is worth",
        headings=("system", "strategy", "confidence", "n", "accuracy", "error (ECE)", "Brier",
                  "AUC", "risk area (best possible)"),
        left=3,
        rows=[
            (
                r.system,
                r.strategy,
                r.confidence,
                str(r.n_questions),
                table.percent(r.accuracy),
                f"{table.percent(r.ece)} ({table.interval(r.ece_low, r.ece_high)})",
                f"{r.brier:.3f}",
                "–" if r.auc is None else f"{r.auc:.2f}",
                f"{r.aurc:.3f} ({r.aurc_best:.3f})",
            )
            for r in results.reliability
        ],
        note="Fitted curves are measured on questions they were not fitted on (five folds). AUC: "
        "how often a right answer is more confident than a wrong one. Risk area: mean error of the "
        "k most confident answers over all k.",
    )  # fmt: skip


def _coverage(results: Results) -> Sheet:
    told = told_confidence(results)[-1:]
    return Sheet(
        title="Answered only above a confidence, the rest referred to a clinician",
        headings=("system", "abstain_below", "answered", "of those correct", "95% interval"),
        left=1,
        rows=[
            (
                one.system,
                f"{point.threshold:.2f}",
                f"{table.percent(point.coverage)} ({point.n_answered})",
                table.percent(point.accuracy),
                table.interval(point.low, point.high),
            )
            for one in told
            for point in one.risk_coverage
        ],
        note="Wilson intervals. The threshold is to be chosen on questions like your own.",
    )


def _slices(results: Results) -> Sheet:
    lines = shown_lines(results)
    by_key = {(s.by, s.group, s.system, s.strategy): s for s in results.slices}
    groups = {(s.by, s.group): s.n_questions for s in results.slices}
    return Sheet(
        title="Parts of the questions",
        headings=("by", "group", "n", *(_named(line) for line in lines)),
        left=2,
        rows=[
            (
                by,
                table.domain_name(group) if by == "domain" else group,
                str(n),
                *(
                    table.accuracy_cell(s)
                    if (s := by_key.get((by, group, line.system, line.strategy)))
                    else "–"
                    for line in lines
                ),
            )
            for (by, group), n in groups.items()
            if by != "domain"  # it has a table of its own
        ],
        note="Small groups have wide intervals, and some group always does best. W: Wilson's "
        "interval, where all answers are alike.",
    )


def _mirrors(results: Results) -> Sheet:
    last = shown_lines(results)[-1:]
    rows = [
        m
        for m in results.mirrors
        for line in last
        if (m.system, m.strategy) == (line.system, line.strategy)
    ]
    rows = rows or [m for m in results.mirrors for line in last if m.system == line.system]
    rules = list(rows[0].shares) if rows else []
    return Sheet(
        title="The same answers by the scoring rules of other projects",
        headings=("dataset", "system", "strategy", "n", *rules, "spread"),
        left=3,
        rows=[
            (
                m.dataset,
                m.system,
                m.strategy,
                str(m.n_questions),
                *("–" if share is None else table.percent(share) for share in m.shares.values()),
                f"{100 * m.spread:.1f}",
            )
            for m in rows
        ],
        note="Share counted right; “–” where a rule is not defined for this kind of answer. "
        "Figures of other projects are comparable only by their own rule.",
    )


def _orders(results: Results) -> Sheet:
    return Sheet(
        title="The same questions with their options in another order",
        headings=("dataset", "system", "strategy", "n", "orders", "agreement", "always the same",
                  "accuracy", "permuted"),
        left=3,
        rows=[
            (
                o.dataset,
                o.system,
                o.strategy,
                str(o.n_questions),
                str(o.orders),
                f"{table.percent(o.agreement)} ({table.interval(o.low, o.high)})",
                table.percent(o.always_same),
                table.percent(o.accuracy),
                table.percent(o.accuracy_permuted),
            )
            for o in results.option_order
        ],
    )  # fmt: skip


def _benchmarks(results: Results) -> Sheet:
    clean = {(g.group, g.system, g.strategy): g.accuracy for g in results.clean_by_dataset}
    last = shown_lines(results)[-1:]
    rows = []
    for one in results.benchmarks:
        overlap = "not known"
        if one.contamination is not None:
            overlap = table.percent(one.contamination.share)
            if rules := one.contamination.by_rule:
                overlap += f" ({', '.join(f'{n} {rule}' for rule, n in rules.items())})"
        shares = [clean.get((one.name, line.system, line.strategy)) for line in last]
        rows.append(
            (
                one.name,
                one.missing or one.source,
                f"{one.n_asked} of {one.n_read}",
                overlap,
                *("–" if share is None else table.percent(share) for share in shares),
                (one.file_sha256 or one.problems_sha256 or "–")[:12],
            )
        )
    return Sheet(
        title="What was asked",
        headings=("benchmark", "source", "asked", "overlaps the seeds",
                  *("accuracy without those" for _ in last), "sha256"),
        left=2,
        rows=rows,
        note="Overlap: questions that share their stem or half of their 8-word runs with what the "
        "model learned from.",
    )  # fmt: skip


def _named(row: Row) -> str:
    return f"{row.system}, {table.strategy_name(row)}"
