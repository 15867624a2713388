"""Which checkpoints belong to a job."""

from __future__ import annotations

from pathlib import Path

from meds3.learning.config import SftConfig
from meds3.learning.jobs import SftJob


def test_checkpoints_belong_to_settings_and_data(tmp_path: Path) -> None:
    data, model = tmp_path / "sft.jsonl", tmp_path / "model.gguf"
    data.write_text("a row\n")
    model.write_bytes(b"GGUF")

    def fingerprint(**settings: object) -> str:
        config = SftConfig.model_validate(settings)
        return SftJob(
            model=model, data=data, output=tmp_path / "policy", config=config
        ).fingerprint()

    first = fingerprint()
    assert fingerprint(lr=1e-3) != first
    assert fingerprint(reasons="drop") == first  # it chose the rows, and the rows are the same
    assert fingerprint(full=True, top_layers=1) != fingerprint(full=True)
    data.write_text("another row\n")
    assert fingerprint() != first
