"""A verifiable medical question."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from meds3.answers.kinds import Answer


class Domain(StrEnum):
    """The paper's five domains (arXiv 2501.12051 §3.1)."""

    KNOWLEDGE_QA = "knowledge_qa"
    BIOMEDICAL_QA = "biomedical_qa"
    MEDICAL_NLI = "medical_nli"
    LONG_CONTEXT_QA = "long_context_qa"
    CLINICAL_REASONING = "clinical_reasoning_qa"


class Problem(BaseModel):
    """One question with its gold answer.

    `options` are shown in the prompt (letter to text); a `Choice` answer carries the same map.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    dataset: str = Field(min_length=1)
    domain: Domain
    question: str = Field(min_length=1)
    context: str | None = None
    options: dict[str, str] | None = None
    answer: Answer
    meta: dict[str, Any] = Field(default_factory=dict)
