"""Problems held out, the loss on them, and what is kept because of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from meds3.errors import InputError
from meds3.learning.config import SftConfig
from meds3.learning.holdout import is_held_out, split_rows
from meds3.learning.metrics import read_metrics
from meds3.learning.train import train
from tests.learning.some_rows import job_of, sft_rows, weights_of

pytestmark = pytest.mark.model


@given(st.floats(0.05, 0.95), st.integers(2, 40))
def test_a_problem_is_wholly_on_one_side(tmp_path_factory, share, problems):
    job = job_of("sft", "m", tmp_path_factory.getbasetemp(), 1, holdout=share)
    rows = sft_rows(problems)
    try:
        train_rows, held_out = split_rows(job, rows)
    except InputError:
        sides = {is_held_out(row.problem_id, share) for row in rows}
        assert len(sides) == 1  # one side would have been empty
        return
    assert {r.problem_id for r in train_rows}.isdisjoint(r.problem_id for r in held_out)
    assert sorted(map(str, [*train_rows, *held_out])) == sorted(map(str, rows))
    assert train_rows
    assert held_out


def test_the_share_is_about_what_was_asked_and_grows_with_it():
    names = [f"problem-{i}" for i in range(4000)]
    tenth = {name for name in names if is_held_out(name, 0.1)}
    fifth = {name for name in names if is_held_out(name, 0.2)}
    assert tenth < fifth
    assert len(tenth) == pytest.approx(400, abs=60)


def test_without_holdout_every_row_trains(tmp_path):
    rows = sft_rows(3)
    assert split_rows(job_of("sft", "m", tmp_path, 3), rows) == (rows, [])


@pytest.mark.parametrize("name", ["eval_every", "patience"])
def test_settings_without_a_held_out_part_are_refused(name):
    with pytest.raises(ValidationError, match="set holdout"):
        SftConfig(**{name: 2})


@pytest.mark.parametrize(
    ("stage", "more"),
    [
        ("sft", {}),
        pytest.param("sft", {"packing": "none", "batch_size": 8}, marks=pytest.mark.slow),
        ("prm", {}),
        pytest.param("dpo", {}, marks=pytest.mark.slow),
    ],
)
def test_it_stops_early_and_keeps_the_best(tiny_model, tmp_path, stage, more):
    # A learning rate that spoils the model: the held-out loss rises sooner or later.
    job = job_of(
        stage, tiny_model, tmp_path, 14,
        holdout=0.3, eval_every=2, patience=2, lr=0.3, epochs=40, save_every=3, **more,
    )  # fmt: skip
    train(job)
    lines = read_metrics(job.metrics)
    losses = {m.step: m.eval_loss for m in lines if m.eval_loss is not None}
    assert list(losses) == list(range(2, lines[-1].step + 1, 2))
    assert lines[-1].step < lines[-1].steps, "it did not stop early"
    best = min(losses, key=lambda step: losses[step])
    assert best == lines[-1].step - 4  # two evaluations without a better one
    # The same training that ends at the best step has the same weights.
    again = job_of(
        stage, tiny_model, tmp_path / "again", 14,
        holdout=0.3, eval_every=2, lr=0.3, epochs=40, save_every=3, **more,
    )  # fmt: skip
    _train_until(again, best)
    ours, theirs = weights_of(job.output), weights_of(again.output)
    assert all(bool((ours[name] == theirs[name]).all()) for name in ours)


def _train_until(job, step):
    """Stop the training after `step`; the best checkpoint so far is the last one."""
    from unittest.mock import patch

    from transformers.trainer_callback import DefaultFlowCallback

    normal = DefaultFlowCallback.on_step_end

    def on_step_end(self, args, state, control, **kwargs):
        normal(self, args, state, control, **kwargs)
        if state.global_step >= step:
            control.should_training_stop = True

    with patch.object(DefaultFlowCallback, "on_step_end", on_step_end):
        train(job)


def test_without_patience_it_goes_on_to_the_end(tiny_model, tmp_path):
    job = job_of("sft", tiny_model, tmp_path, 8, holdout=0.4, epochs=3, packs_per_step=2)
    train(job)
    lines = read_metrics(job.metrics)
    evaluated = [m.step for m in lines if m.eval_loss is not None]
    assert lines[-1].step == lines[-1].steps
    assert evaluated == [lines[-1].steps * epoch // 3 for epoch in (1, 2, 3)]  # once an epoch
