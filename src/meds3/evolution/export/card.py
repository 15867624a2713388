"""`README.md` of an export: the model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml

from meds3 import SAFETY_NOTE, __version__
from meds3.answers.kinds import Choice
from meds3.chains.chain import STEP_SEPARATOR, STEP_ZERO
from meds3.chains.prompt import messages
from meds3.engines.models import EMBEDDED, RECORDS
from meds3.evaluation.report import table
from meds3.evaluation.report.quality_words import alarms, in_words, of_own_chains
from meds3.evaluation.report.words import caveats
from meds3.evaluation.results import Comparison, Results, TrainingMetrics, read_results
from meds3.evolution.export.source import Source
from meds3.evolution.ledger import DataLedger, data_ledger
from meds3.problems.problem import Domain, Problem

Format = Literal["gguf", "hf", "adapter"]
What = Literal["policy", "prm"]

# Hub ids and licences of the models that meds3 fetches by name.
_HUB_IDS = {EMBEDDED.name: "HuggingFaceTB/SmolLM2-135M-Instruct"}
_RELATION = {"gguf": "finetune", "hf": "finetune", "adapter": "adapter"}
_EXAMPLE = {"A": "naloxone", "B": "aspirin"}


def base_id(model: str) -> str | None:
    """The Hugging Face id of a config's `model`; None for a file or folder of the user's own."""
    if record := RECORDS.get(model):
        return _HUB_IDS[record.name]
    # As `ensure_model` reads it: a hub id is org/name, and a path that exists is a path.
    own = model.startswith((".", "/", "~")) or model.endswith(".gguf") or model.count("/") != 1
    return None if own else model


def card(source: Source, what: What, format_: Format, files: list[str], facts: str) -> str:
    """The card of `files`, which were written as `format_`; `facts` is a sentence about them."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("meds3.evolution.export", "."),
        autoescape=False,  # noqa: S701 (Markdown; `cell` escapes what stands in a table)
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = lambda text: str(text).replace("|", r"\|").replace("\n", " ")
    ledger, results = _ledger(source), _results(source)
    manifest = source.run.read_manifest()
    return environment.get_template("card.md.j2").render(
        front=yaml.safe_dump(
            front_matter(source, what, format_, ledger), sort_keys=False, allow_unicode=True
        ),
        name=f"{source.config.name}-round-{source.round}",
        safety=SAFETY_NOTE,
        what=what,
        format=format_,
        files=files,
        facts=facts,
        source=source,
        config=source.config,
        base=base_id(source.config.model),
        began_with=_began_with(source.config.model),
        ledger=ledger,
        results=results,
        headings=table.HEADINGS,
        rows=_rows(results, source),
        comparisons=_comparisons(results, source),
        comparison_headings=table.COMPARISON_HEADINGS,
        comparison_cells=table.comparison_cells,
        training=_training(results, source),
        prm_said=_prm_said(results, source),
        limits=caveats(results) if results else [],
        beyond=source.config.beyond_paper(),
        manifest=manifest,
        version=__version__,
        question=_question(),
        opening=f"{STEP_ZERO}{STEP_SEPARATOR}Step 1:",
    )


def front_matter(source: Source, what: What, format_: Format, ledger: DataLedger) -> dict[str, Any]:
    """What the Hugging Face hub reads of a card."""
    record = RECORDS.get(source.config.model)
    body: dict[str, Any] = {"language": ["en"]}
    if record:
        body["license"] = record.licence.lower()
    else:  # the hub's word for what it has no name for
        body |= {"license": "other", "license_name": "see-the-base-model-and-the-data-ledger"}
    if (base := base_id(source.config.model)) is not None:
        body |= {"base_model": base, "base_model_relation": _RELATION[format_]}
    body["pipeline_tag"] = {"policy": "text-generation", "prm": "token-classification"}[what]
    if library := {"hf": "transformers", "adapter": "peft"}.get(format_):
        body["library_name"] = library
    if ledger.hub_ids:
        body["datasets"] = ledger.hub_ids
    kind = ["process-reward-model"] if what == "prm" else []
    body["tags"] = ["meds3", "medical", "reasoning", *kind, "not-a-medical-device"]
    return body


def _began_with(model: str) -> str:
    """The base model in words; of a file or folder of the user's own only its name."""
    if record := RECORDS.get(model):
        return f"`{record.file}`, the GGUF of `{_HUB_IDS[record.name]}` that meds3 fetches"
    return f"`{base_id(model) or Path(model).name}`"


def _ledger(source: Source) -> DataLedger:
    return data_ledger(source.run, source.config.problems.sources, source.rounds)


def _results(source: Source) -> Results | None:
    """What the run measured; None when it was stopped before it was published."""
    path = source.run.results_path
    return read_results(path) if path.is_file() else None


def _rows(results: Results | None, source: Source) -> list[tuple[str, ...]]:
    """Lines of the metrics table: this round, and everything that is not a round."""
    if results is None:
        return []
    others = {s.name for s in results.systems if s.kind == "round" and s.name != _name(source)}
    return [table.cells(row) for row in results.rows if row.system not in others]


def _comparisons(results: Results | None, source: Source) -> list[Comparison]:
    """This round against what came before it; the newer system is `a`."""
    return [c for c in (results.comparisons if results else []) if c.a.system == _name(source)]


def _prm_said(results: Results | None, source: Source) -> list[str]:
    """What this round's PRM was found to be worth on chains of this round's policy."""
    mine = [q for q in of_own_chains(results) if q.round == source.round] if results else []
    return [*(line for q in mine for line in in_words(q)), *alarms(mine)]


def _training(results: Results | None, source: Source) -> list[tuple[int, TrainingMetrics]]:
    """(round, how one training went) over the rounds that made this policy."""
    return [
        (info.number, training)
        for info in (results.rounds if results else [])
        if info.number in source.rounds
        for training in info.training
    ]


def _name(source: Source) -> str:
    return f"round-{source.round}"


def _question() -> str:
    """How a question must be put: an invented one, for a card must not show anybody's data."""
    problem = Problem(
        id="example",
        dataset="example",
        domain=Domain.KNOWLEDGE_QA,
        question="Which drug reverses an opioid overdose?",
        options=_EXAMPLE,
        answer=Choice(letter="A", options=_EXAMPLE),
    )
    return messages(problem, None)[0]["content"]
