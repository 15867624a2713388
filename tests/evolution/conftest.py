"""The tiny model of the learning tests."""

from tests.learning.conftest import tiny_model

__all__ = ["tiny_model"]
