"""The errors a user meets: each says what is wrong and what to do about it."""

from __future__ import annotations


class MedS3Error(Exception):
    """One clear message and its fix; the command line turns it into an exit code."""

    exit_code = 2

    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message


class InputError(MedS3Error):
    """Something the user gave is wrong: a file, a config field, a model."""


class EngineError(MedS3Error):
    """An engine died or could not answer; what was finished is kept."""

    exit_code = 3


class StorageError(MedS3Error):
    """The disk is full or a run's files cannot be written."""

    exit_code = 3
