"""What a search did, counted by hand."""

from meds3.evaluation.search_stats import search_stats
from tests.learning.trees import hand_tree


def test_the_hand_tree_is_counted() -> None:
    stats = search_stats([hand_tree()], tokens=100, seconds=4.0)
    assert (stats.trees, stats.solved, stats.verified_chains) == (1, 1, 1)
    assert stats.depths == {1: 2, 2: 4, 3: 1}
    assert stats.nodes == 7
    assert stats.tokens_per_second == 25.0
