"""Any causal model: heads and adapters go on, learn, are saved, and score as before saving."""

import asyncio

import pytest

from meds3.chains.chain import chain_of
from meds3.errors import InputError
from meds3.learning.checks import check_tree_packing
from meds3.learning.metrics import read_metrics
from meds3.learning.train import train
from tests.learning.families import FAMILIES, UNPACKABLE, family_model
from tests.learning.some_rows import head, job_of, largest_difference

pytestmark = pytest.mark.model


OTHERS = [
    pytest.param(name, marks=pytest.mark.slow) for name in sorted(FAMILIES) if name != "qwen3"
]


@pytest.fixture(scope="module", params=["qwen3", *OTHERS])
def model(request, tmp_path_factory):
    return family_model(request.param, tmp_path_factory.mktemp(request.param))


def packable(model, stage):
    """The setting that a model which cannot be packed needs."""
    return {"packing": "none"} if stage != "dpo" and model.name[:-1] in UNPACKABLE else {}


def saved_logits(folder):
    import torch
    from transformers import AutoModelForCausalLM

    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return loaded.eval()(torch.tensor([[5, 6, 7, 8, 9]])).logits


def trained_logits(trainer):
    """Of the model in memory, as it came out of the training."""
    import torch

    whole = trainer.accelerator.unwrap_model(trainer.model).eval()
    with torch.no_grad():
        return whole(torch.tensor([[5, 6, 7, 8, 9]])).logits


@pytest.mark.parametrize("stage", ["sft", "dpo"])
def test_a_policy_is_the_same_after_saving(model, tmp_path, stage, monkeypatch):
    from meds3.learning import sft

    seen = []
    normal = sft.whole_model

    def look(trainer, build):
        seen.append(trained_logits(trainer))
        return normal(trainer, build)

    monkeypatch.setattr(sft, "whole_model", look)
    job = job_of(stage, model, tmp_path, 3, epochs=3, lr=0.03, **packable(model, stage))
    train(job)
    lines = read_metrics(job.metrics)
    assert lines[-1].loss < lines[0].loss
    change = float((saved_logits(model) - seen[0]).abs().max())
    lost = float((saved_logits(job.output) - seen[0]).abs().max())
    assert lost < 0.05 * change, "the adapters did not go into the weights"  # saved in 16 bits


@pytest.mark.parametrize("stage", ["sft", "dpo", "prm"])
def test_the_top_layers_learn_and_what_lies_below_stays(model, tmp_path, stage):
    import torch
    from transformers import AutoModel

    job = job_of(
        stage, model, tmp_path, 3, full=True, top_layers=1, lr=0.03, **packable(model, stage)
    )
    train(job)
    before, after = (
        AutoModel.from_pretrained(folder, dtype=torch.float16).state_dict()
        for folder in (model, job.output)
    )
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    layer = "h." if "gpt2" in model.name else "layers."
    assert any(name.startswith(f"{layer}1.") for name in changed)
    below = {n for n in before if n.startswith(f"{layer}0.") or "embed" in n or n == "wte.weight"}
    assert len(below) > 5
    assert not changed & below


def test_a_model_without_a_list_of_layers_is_refused():
    import torch
    from transformers import LlamaConfig

    from meds3.learning.adapters import freeze_below

    class Odd(torch.nn.Module):
        config = LlamaConfig(num_hidden_layers=3)

        @property
        def base_model(self):
            return self

    with pytest.raises(InputError, match=r"top_layers 2: Odd has no list of its 3 layers"):
        freeze_below(Odd(), 2)


def test_packed_and_plain_sft_agree(model, tmp_path):
    if model.name[:-1] in UNPACKABLE:
        with pytest.raises(InputError, match=r"otherwise than single[\s\S]*sft.packing: none"):
            train(job_of("sft", model, tmp_path, 3))
        return
    tree = job_of("sft", model, tmp_path / "tree", 3, epochs=2, lr=1e-3, packs_per_step=8)
    plain = job_of(
        "sft", model, tmp_path / "plain", 3, epochs=2, lr=1e-3, packing="none", batch_size=6
    )
    train(tree)
    train(plain)
    for a, b in zip(read_metrics(tree.metrics), read_metrics(plain.metrics), strict=True):
        assert a.loss == pytest.approx(b.loss, abs=1e-4, rel=1e-4)
    assert largest_difference(tree.output, plain.output) < 5e-3


@pytest.mark.parametrize("packing", ["tree", "none"])
def test_a_prm_scores_the_same_after_saving(model, tmp_path, packing, monkeypatch):
    import torch

    from meds3.learning import prm
    from meds3.rewards.packing import pack_chains, tokenize_prompt, tokenize_steps
    from meds3.rewards.prm_model import segment_logits
    from meds3.rewards.torch_scorer import TorchStepScorer

    chains = [chain_of("It is 1.", "The answer is yes."), chain_of("It is 1.", "No.")]
    prompt = head(1)["prompt"]
    if packing == "tree" and packable(model, "prm"):
        pytest.skip("it cannot be packed")
    seen = []
    normal = prm.whole_model

    def look(trainer, build):
        from tests.learning.tiny_tokenizer import byte_tokenizer

        tokenizer = byte_tokenizer()
        whole = trainer.accelerator.unwrap_model(trainer.model).eval()
        segments = [tokenize_steps(tokenizer, chain) for chain in chains]
        with torch.no_grad():
            for pack in pack_chains(tokenize_prompt(tokenizer, prompt), segments, 0):
                seen.append(segment_logits(whole, pack, list(pack.paths[0][1:])).sigmoid().tolist())
        return normal(trainer, build)

    monkeypatch.setattr(prm, "whole_model", look)
    job = job_of("prm", model, tmp_path, 4, epochs=4, packing=packing)
    train(job)
    scorer = TorchStepScorer(job.output)
    scores = asyncio.run(scorer.score(prompt, chains))
    asyncio.run(scorer.close())
    for ours, theirs in zip(scores, seen, strict=True):
        assert ours == pytest.approx(theirs, abs=0.01)  # saved in 16 bits
    assert len({round(score, 6) for chain in scores for score in chain}) > 1


@pytest.mark.slow
class TestWindows:
    """Gemma 3's sliding layers see 16 tokens back here; the chains are longer."""

    @pytest.fixture(scope="class")
    def narrow(self, tmp_path_factory):
        return family_model("gemma3", tmp_path_factory.mktemp("narrow"), sliding_window=16)

    @pytest.mark.parametrize("stage", ["sft", "prm"])
    def test_tree_packing_is_refused_with_the_fix(self, narrow, tmp_path, stage):
        job = job_of(stage, narrow, tmp_path, 3)
        with pytest.raises(InputError, match=rf"16 tokens back[\s\S]*{stage}.packing: none"):
            train(job)

    def test_it_is_refused_with_reason(self, narrow):
        """Packed hidden states do differ from the model's own there, and only there."""
        from meds3.engines.weights import load_causal_lm
        from meds3.learning.checks import _packed_difference

        wide = load_causal_lm(narrow)[0]
        wide.config.sliding_window = 256
        assert _packed_difference(load_causal_lm(narrow)[0]) > 0.01
        assert _packed_difference(wide) < 0.01

    @pytest.mark.parametrize("stage", ["sft", "prm"])
    def test_without_packing_it_trains(self, narrow, tmp_path, stage):
        job = job_of(stage, narrow, tmp_path, 3, packing="none", epochs=3, lr=0.001)
        train(job)
        lines = read_metrics(job.metrics)
        assert lines[-1].loss < lines[0].loss

    def test_the_scorer_scores_each_chain_alone(self, narrow, tmp_path):
        from meds3.rewards.torch_scorer import TorchStepScorer

        job = job_of("prm", narrow, tmp_path, 3, packing="none")
        train(job)
        scorer = TorchStepScorer(job.output)
        chains = [chain_of("It is 1.", "The answer is yes."), chain_of("It is 1.", "No.")]
        together = asyncio.run(scorer.score(head(1)["prompt"], chains))
        alone = [asyncio.run(scorer.score(head(1)["prompt"], [chain]))[0] for chain in chains]
        asyncio.run(scorer.close())
        assert together == [pytest.approx(scores, abs=1e-6) for scores in alone]


def test_a_recurrent_model_is_refused(tmp_path):
    import torch
    from transformers import MambaConfig, MambaForCausalLM

    torch.manual_seed(0)
    model = MambaForCausalLM(
        MambaConfig(vocab_size=256, hidden_size=32, state_size=4, num_hidden_layers=2)
    )
    with pytest.raises(InputError, match=r"mamba[\s\S]*sft.packing: none"):
        check_tree_packing(job_of("sft", tmp_path, tmp_path), model, 50)
