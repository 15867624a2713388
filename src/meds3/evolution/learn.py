"""The learning stages of a round: datasets, policy (SFT, then DPO), PRM."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from meds3.errors import InputError
from meds3.evaluation.results import TrainingMetrics
from meds3.evolution.fresh import fresh_prm_rows
from meds3.evolution.policies import Policy
from meds3.evolution.state import Evolution
from meds3.learning.jobs import DpoJob, Job, PrmJob, SftJob
from meds3.learning.launch import progress_note, run_job
from meds3.learning.pairs import dpo_rows
from meds3.learning.prm_rows import prm_rows
from meds3.learning.rows import Row, write_rows
from meds3.learning.sft_rows import sft_rows
from meds3.learning.summary import summary_page
from meds3.runs.atomic import write_text
from meds3.runs.digest import derived_seed, digest_path
from meds3.search.tree import Tree


async def learn(
    state: Evolution, number: int, policy: Policy, trees: Collection[Tree]
) -> tuple[dict[str, int], list[TrainingMetrics]]:
    """Train round `number` from `policy` on `trees`; rows per dataset, and how training went.

    Leaves `round-k/policy` and `round-k/prm`. The PRM starts from the policy just trained.
    A round without a pair for DPO goes without DPO, and says so. Raises `InputError` when the
    search found nothing to learn from.
    """
    folder, config = state.run.round(number), state.config
    counts = await _datasets(state, number, trees)
    trained = folder / "policy"
    dpo = config.dpo if counts.get("dpo") else None
    if config.dpo and not dpo:
        said = f"skipped: no pair differs in value by more than {config.dpo.gap}"
        state.stages.watcher.stage(f"round-{number}/dpo", said)
        state.journal.event("skipped", stage=f"round-{number}/dpo", reason=said)
    sft_output = folder / "sft" if dpo else trained
    gguf_base = state.base.served if config.engine.kind == "openvino" else None
    metrics = [
        await _train(
            state,
            number,
            SftJob(
                model=policy.weights,
                data=folder / "sft.jsonl",
                output=sft_output,
                seed=derived_seed(config.seed, number, "sft"),
                config=config.sft,
                gguf_base=None if dpo else gguf_base,
            ),
            counts["sft"],
        )
    ]
    if dpo:
        job = DpoJob(
            model=sft_output,
            data=folder / "dpo.jsonl",
            output=trained,
            seed=derived_seed(config.seed, number, "dpo"),
            config=dpo,
            gguf_base=gguf_base,
        )
        metrics.append(await _train(state, number, job, counts["dpo"]))
    if config.fresh:
        new = state.policy(number)
        counts["prm"] = await fresh_prm_rows(state, number, config.fresh, new, trees)
    prm = PrmJob(
        model=trained,
        data=folder / "prm.jsonl",
        output=folder / "prm",
        seed=derived_seed(config.seed, number, "prm"),
        config=config.prm,
    )
    metrics.append(await _train(state, number, prm, counts["prm"]))
    return counts, metrics


async def _datasets(state: Evolution, number: int, trees: Collection[Tree]) -> dict[str, int]:
    """Write `sft.jsonl`, with DPO `dpo.jsonl`, and `prm.jsonl` unless its chains are still to be
    written; the rows of each.
    """
    folder, config, seeds = state.run.round(number), state.config, state.problems.seeds

    async def work() -> dict[str, Any]:
        made: dict[str, tuple[Sequence[Row], dict[str, Any]]] = {
            "sft": sft_rows(trees, seeds, config.sft)
        }
        if not config.fresh:
            made["prm"] = prm_rows(trees, seeds, config.prm)
        if config.dpo:
            made["dpo"] = dpo_rows(trees, seeds, config.dpo)
        for name in {"sft", "prm"} & made.keys():
            if not made[name][0]:
                raise InputError(
                    f"round {number}: the search verified no chain for {name}.jsonl "
                    f"({len(trees)} problems)",
                    "give it more or easier problems, more rollouts, or a worked example",
                )
        for name, (rows, _) in made.items():
            write_rows(folder / f"{name}.jsonl", rows)
        summaries = {name: summary for name, (_, summary) in made.items()}
        write_text(folder / "datasets.md", summary_page(summaries))
        return summaries

    science = config.science()
    inputs = {
        "search": (state.journal.stage(f"round-{number}/search") or {}).get("inputs"),
        **{name: science[name] for name in ("sft", "dpo", "prm")},
    }
    names = ["sft", *(["prm"] if not config.fresh else []), *(["dpo"] if config.dpo else [])]
    outputs = [folder / f"{name}.jsonl" for name in names]
    summaries = await state.stages.run(f"round-{number}/datasets", inputs, outputs, work)
    return {name: int(summaries[name]["rows"]) for name in names}


async def _train(state: Evolution, number: int, job: Job, examples: int) -> TrainingMetrics:
    """One training as a stage; the child process writes its own log."""
    stage: Literal["sft", "dpo", "prm"] = job.stage
    name = f"round-{number}/{stage}"

    async def work() -> dict[str, Any]:
        losses: list[float] = []
        tokens = 0

        def show(metrics: dict[str, Any]) -> None:
            nonlocal tokens
            if metrics["loss"] is not None:
                losses.append(float(metrics["loss"]))
                tokens = int(metrics["tokens"])
            note = progress_note(metrics)
            state.stages.watcher.progress(metrics["step"], metrics["steps"], "steps", note)

        await run_job(job, state.run.round(number) / f"{stage}.log", show)
        return {
            "first_loss": losses[0] if losses else None,
            "last_loss": losses[-1] if losses else None,
            "trained_tokens": tokens,
        }

    inputs = {
        "model": digest_path(job.model),
        "data": digest_path(job.data),
        "config": state.config.science()[stage],
        "seed": job.seed,
    }
    detail = await state.stages.run(name, inputs, [job.output], work)
    return TrainingMetrics(
        stage=stage,
        examples=examples,
        first_loss=detail["first_loss"],
        last_loss=detail["last_loss"],
        seconds=detail["seconds"],
        more={"trained_tokens": float(detail["trained_tokens"])},
    )
