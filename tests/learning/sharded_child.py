"""One of two processes whose model is sharded (FSDP2 over gloo): loss, step, gathered weights.

`python -m tests.learning.sharded_child MODEL OUTPUT sft|prm`, under torchrun.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from meds3.engines.weights import load_causal_lm
from meds3.learning import prm, sft
from meds3.learning.adapters import trainable
from meds3.learning.prm_items import prm_items
from meds3.learning.saving import whole_model
from meds3.learning.trainer import loss_as_forward
from tests.learning.some_rows import ROWS, job_of


def main(model_path: Path, output: Path, stage: str) -> None:
    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()
    job = job_of(stage, model_path, output / str(rank), 4)

    def build():
        torch.manual_seed(0)
        causal, _ = load_causal_lm(model_path)
        bare = causal if stage == "sft" else prm._prm(job, causal)
        return trainable(bare, job.config, None if stage == "sft" else ["score"])

    _, tokenizer = load_causal_lm(model_path)
    make = sft.sft_items if stage == "sft" else prm_items
    loss_of = sft.sft_loss if stage == "sft" else prm.prm_loss
    items = make(job, ROWS[stage](4), tokenizer)

    alone = build()  # the same training in one piece
    learn(alone, alone.parameters(), [lambda item=item: loss_of(alone, item) for item in items])

    model = build()
    mesh = init_device_mesh("cpu", (2,))
    for layer in model.base_model.model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    with loss_as_forward(model, loss_of):
        both = [
            lambda item=item: model(item=item, items=torch.ones(1))["loss"]
            for item in items[rank::2]
        ]
        learn(model, model.parameters(), both)

    accelerator = SimpleNamespace(
        distributed_type=DistributedType.FSDP, is_fsdp2=True, is_main_process=rank == 0
    )
    accelerator.get_state_dict = lambda m: Accelerator.get_state_dict(accelerator, m)
    whole = whole_model(SimpleNamespace(accelerator=accelerator, model_wrapped=model), build)
    assert (whole is None) == (rank > 0)
    if whole is not None:
        ours, theirs, born = whole.state_dict(), alone.state_dict(), build().state_dict()
        assert set(ours) == set(theirs)
        off = max(float((ours[name] - theirs[name]).abs().max()) for name in ours)
        moved = max(float((ours[name] - born[name]).abs().max()) for name in ours)
        print(f"off {off:.2e} moved {moved:.2e}", flush=True)
        assert off < 1e-5
        assert moved > 1e-3
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def learn(model, parameters, losses) -> None:
    """One step down the mean of `losses` (over all processes)."""
    solver = torch.optim.SGD([p for p in parameters if p.requires_grad], lr=0.1)
    for loss in losses:
        (loss() / len(losses)).backward()
    solver.step()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
