"""The published datasets by name."""

from __future__ import annotations

import difflib

from meds3.errors import InputError
from meds3.problems.sources.dataset import Dataset
from meds3.problems.sources.published import (
    bc5cdr,
    bioasq,
    biomrc,
    casimedicos,
    chemprot,
    ddxplus,
    drug_dose,
    evidence_inference,
    headqa,
    healthfact,
    medcalc,
    medmcqa,
    medqa,
    medxpertqa,
    mmlu_med,
    mts_dialog,
    pubhealth,
    pubmedqa,
    seer,
)

# In the order of the paper's domains.
DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        medqa.DATASET,
        medmcqa.DATASET,
        mmlu_med.DATASET,
        headqa.DATASET,
        pubmedqa.DATASET,
        bioasq.DATASET,
        chemprot.DATASET,
        drug_dose.DATASET,
        pubhealth.DATASET,
        healthfact.DATASET,
        evidence_inference.DATASET,
        biomrc.DATASET,
        bc5cdr.DATASET,
        mts_dialog.DATASET,
        ddxplus.DATASET,
        casimedicos.DATASET,
        medcalc.DATASET,
        medxpertqa.DATASET,
        seer.DATASET,
    )
}


def dataset_named(name: str) -> Dataset:
    """The dataset. Raises `InputError` with the nearest name for an unknown one."""
    if name not in DATASETS:
        raise InputError(f"no dataset is called {name!r}", hint(name))
    return DATASETS[name]


def hint(name: str) -> str:
    """What an unknown name may have meant."""
    folded = name.lower().replace("-", "_")
    near = difflib.get_close_matches(folded, DATASETS, n=1, cutoff=0.5)
    known = f"known: {', '.join(DATASETS)}"
    return f"did you mean {near[0]!r}? {known}" if near else known
