"""What a server allows, and what it keeps."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ServingConfig(BaseModel):
    """Limits hold for every request; what a request asks beyond them is refused, not cut."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="another address than loopback demands keys")
    port: int = Field(8000, ge=0, le=65535, description="0: any free one")
    keys: Path | None = Field(None, description="file of hashed API keys (meds3 keys new)")
    hosts: tuple[str, ...] = Field(
        (), description="names the server is called by, beside its address and localhost"
    )
    at_once: int = Field(
        1,
        ge=1,
        description="questions worked on at once; with one the same seed gives the same answer "
        "whoever else asks, and on a CPU more are no faster",
    )
    waiting: int = Field(16, ge=0, description="further ones that wait; one more gets 429")
    max_body_bytes: int = Field(256 * 1024, ge=1024)
    body_seconds: float = Field(30.0, gt=0, description="in which a request's body has to come")
    max_question_chars: int = Field(20_000, ge=1, description="question and context together")
    max_options: int = Field(26, ge=2, le=26)
    max_n: int = Field(64, ge=1, description="chains a request may ask for")
    max_seconds: float = Field(300.0, gt=0, description="the longest that an answer may take")
    audit: Path = Field(Path("runs/audit.sqlite"), description="where answers are recorded")
    runs: Path = Field(Path("runs"), description="the folder whose runs the page shows")
    keep_text: bool = Field(
        True, description="off: digests in place of questions, no steps, in the records"
    )
    log_questions: bool = Field(False, description="on: the log shows what was asked")

    @model_validator(mode="after")
    def _strangers_need_keys(self) -> ServingConfig:
        if self.keys is None and not self.loopback:
            raise ValueError(
                f"host {self.host} can be reached from other machines: give a file of API keys "
                "(keys: FILE; meds3 keys new NAME --file FILE), or serve on 127.0.0.1"
            )
        return self

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
