"""What the report says in sentences: what a run shows, and what it does not."""

from __future__ import annotations

from meds3.evaluation.baselines import commonest
from meds3.evaluation.baselines import words as bag_of_words
from meds3.evaluation.report import quality_words as words
from meds3.evaluation.report import table
from meds3.evaluation.results import Comparison, Results, Side

_BASELINES = {
    commonest.NAME: "always saying the commonest answer of a dataset's seeds",
    bag_of_words.NAME: "a classifier of word counts that learned from the seeds",
}
_SAME = 1e-9  # datasets of one size: both averages are one figure


def headline(results: Results) -> list[str]:
    """What the run shows, in sentences: against every base, the fate of every round, alarms.

    One comparison per base system, the first made: a base that was shown a worked example may
    be as good as the trained policy where the bare one is not, and must not go unmentioned.
    """
    bases = {system.name for system in results.systems if system.kind == "base"} | {*_BASELINES}
    chosen: dict[str, Comparison] = {}
    for comparison in results.comparisons:
        if comparison.b.system in bases:
            chosen.setdefault(comparison.b.system, comparison)
    told = list(chosen.values()) or _of_one_model(results)
    sentences = [_sentence(comparison, results) for comparison in told]
    for info in results.rounds:
        if info.gate is not None:
            fate = "kept" if info.gate.kept else "rolled back"
            sentences.append(f"Round {info.number} was {fate}: {info.gate.reason}")
    sentences += words.alarms(words.of_own_chains(results)[-1:])
    return sentences or ["No paired comparison was made in this run."]


def _of_one_model(results: Results) -> list[Comparison]:
    """What P-VS gains over the same chains without the PRM, and over one chain; else the first."""
    found = [
        c
        for c in results.comparisons
        if c.a.strategy == "pvs" and c.b.strategy in ("majority", "greedy")
    ]
    return found or results.comparisons[:1]


def _sentence(c: Comparison, results: Results) -> str:
    if c.p_mcnemar < 0.05:
        verdict = "better" if c.difference > 0 else "worse"
        verdict = f"The first is {verdict}, by more than chance explains"
    else:
        verdict = "Chance alone could explain the difference"
    return (
        f"On {c.n} {_questions(results)}, {_who(c.a)} answered "
        f"{table.percent(c.a.accuracy)} correctly, {_who(c.b)} "
        f"{table.percent(c.b.accuracy)}: {table.points(c.difference)} points (95% interval "
        f"{table.points(c.low)} to {table.points(c.high)}; {_p(c.p_mcnemar)}). {verdict}."
        f"{_macro(c)}{_prompts(c, results)}"
    )


def _questions(results: Results) -> str:
    return "questions of the suite" if results.benchmarks else "held-out problems"


def _who(side: Side) -> str:
    return _BASELINES.get(side.system, f"{side.system} with {side.strategy}")


def _macro(c: Comparison) -> str:
    """A sentence where datasets of several sizes are averaged; otherwise nothing."""
    m = c.macro
    if m is None or abs(m.difference - c.difference) < _SAME:
        return ""
    limits = f"{table.points(m.low)} to {table.points(m.high)}"
    return (
        f" With each of {m.datasets} datasets counted the same: {table.points(m.difference)} "
        f"points ({limits}; {_p(m.p_value)})."
    )


def _prompts(c: Comparison, results: Results) -> str:
    """A sentence when only one side was shown a worked example; otherwise nothing."""
    styles = {(row.system, row.strategy): row.prompt_style for row in results.rows}
    shown = [styles.get((s.system, s.strategy)) == "worked-example" for s in (c.a, c.b)]
    if shown[0] == shown[1]:
        return ""
    which = "first" if shown[0] else "second"
    return f" Only the {which} was shown a worked example."


def _p(p: float) -> str:
    text = table.p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def caveats(results: Results) -> list[str]:
    """What the run does not show."""
    sets = ", ".join(dict.fromkeys(g.group for g in results.by_dataset))
    borrowed = ", ".join(results.calls_from)
    others = (
        f"Nothing about questions unlike those of {sets}."
        if results.benchmarks
        else "Nothing about other questions: the held-out problems come from the same sources as "
        f"the training problems{f' ({sets})' if sets else ''}."
    )
    prompts = {row.prompt_style for row in results.rows}
    return [
        *(
            [f"Calls of {borrowed} were taken over: their seconds are those they took there."]
            if borrowed
            else []
        ),
        "Nothing about use on patients: no clinician judged these answers, and a chain can "
        "reach a right answer through wrong reasoning.",
        others,
        *_unknown_overlap(results),
        "Nothing about luck in training: intervals and p-values cover the choice of questions, "
        "not another seed; in these sentences p is not corrected for several comparisons.",
        *(
            [
                "Systems asked with a worked example and systems asked bare differ in more than "
                "their weights; the column “prompt” says which."
            ]
            if len(prompts) > 1
            else []
        ),
        *_temperatures(results),
    ]


def _temperatures(results: Results) -> list[str]:
    """A sentence when not all systems were sampled at one temperature."""
    of_system = {row.system: row.temperature for row in results.rows if row.temperature is not None}
    if len(set(of_system.values())) < 2:
        return []
    said = ", ".join(f"{name} at {value:g}" for name, value in of_system.items())
    return [f"Chains were not all sampled at one temperature: {said}."]


def _unknown_overlap(results: Results) -> list[str]:
    """A sentence when nobody can say whether the model has seen the questions of a suite."""
    if not any(b.contamination is None and not b.missing for b in results.benchmarks):
        return []
    return [
        "Nothing about memory: what the model learned from is not known, so it may have seen "
        "these questions."
    ]


def asked_where(results: Results) -> str:
    """Which questions these are, as a heading says it."""
    return "all questions of the suite" if results.benchmarks else "held-out problems"
