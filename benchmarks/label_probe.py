"""What can be read from a model's hidden states before it has learned anything.

    python benchmarks/label_probe.py configs/gpu-real.yaml
    python benchmarks/label_probe.py configs/gpu-real.yaml --datasets chemprot --each 150
    python benchmarks/label_probe.py configs/gpu-real.yaml --model runs/NAME/round-1/policy

For each dataset with fixed answers: how often a linear classifier is right that learned from the
config's seeds and is asked rows the config uses nowhere. It reads the states of one layer, at the
last token before the answer (*last*) or averaged over all tokens (*mean*). Beside it always the
commonest answer, and a classifier of word counts (`bag-of-words`, as in reports). What stands here
and is not reached by a trained policy is not beyond the model: the training is at fault. The best
layer of several is chosen on the rows it is told for, so read differences of a few points as none.
A table and a last line of JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import track
from search_bench import table
from try_policy import unused

from meds3.answering.prompting import bare_prompt
from meds3.chains.chain import ANSWER_PHRASE, STEP_SEPARATOR, STEP_ZERO
from meds3.chains.prompt import answer_text
from meds3.chains.template import ChatTemplate
from meds3.engines.forms import trainable
from meds3.engines.models import ensure_model
from meds3.engines.weights import load_causal_lm
from meds3.evaluation.baselines.commonest import label_evaluation
from meds3.evaluation.baselines.words import word_evaluation
from meds3.evolution.config import load_config
from meds3.evolution.overlap import checked_problems
from meds3.problems.problem import Problem

_BEFORE = f"{STEP_ZERO}{STEP_SEPARATOR}Step 1: {ANSWER_PHRASE}"
_REPEATS = 5  # a dataset whose answers come up less often is left out: nothing to learn from

States = dict[str, npt.NDArray[np.float32]]


def states(model: Any, tokenizer: Any, prompts: Sequence[str], layers: Sequence[int]) -> States:
    """By "last LAYER" and "mean LAYER": (prompts, hidden size)."""
    import torch

    found: dict[str, list[npt.NDArray[np.float32]]] = {}
    for prompt in track(prompts, "reading", transient=True):
        ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False).input_ids
        with torch.no_grad():
            hidden = model.model(ids, output_hidden_states=True).hidden_states
        for layer in layers:
            here = hidden[layer][0].float().numpy()
            found.setdefault(f"last {layer}", []).append(here[-1])
            found.setdefault(f"mean {layer}", []).append(here.mean(0))
    return {name: np.stack(rows) for name, rows in found.items()}


def accuracy(
    train: npt.NDArray[np.float32],
    labels: list[str],
    test: npt.NDArray[np.float32],
    gold: list[str],
) -> float:
    """Share right of `test` by a classifier that learned `train`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    return float(classifier.fit(train, labels).score(test, gold))


def repeated(problems: Sequence[Problem]) -> bool:
    """Whether the answers of a dataset are few enough to be classes."""
    return len(problems) >= _REPEATS * len({answer_text(p.answer) for p in problems})


def baseline(seeds: list[Problem], asked: list[Problem]) -> dict[str, float]:
    found = {}
    for make in (label_evaluation, word_evaluation):
        evaluation = make(seeds, asked)
        if evaluation is not None:
            found[evaluation.name] = fmean(evaluation.correct("greedy").values())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--model", default=None, help="in place of the config's")
    parser.add_argument("--each", type=int, default=80, help="rows asked of every source")
    parser.add_argument("--datasets", nargs="+", default=None)
    parser.add_argument("--layers", type=int, nargs="+", default=None)
    parser.add_argument("--max-tokens", type=int, default=800, help="longer prompts are left out")
    given = parser.parse_args()
    config = load_config(given.config, given.set)
    weights = trainable(ensure_model(given.model or config.model))
    model, tokenizer = load_causal_lm(weights)
    model.eval()
    template = ChatTemplate.from_model(weights)
    depth = model.config.num_hidden_layers
    layers = given.layers or [depth // 4, depth // 2, 3 * depth // 4, depth]
    seeds, asked = checked_problems(config.problems).seeds, unused(config, given.each)

    def prompt(problem: Problem) -> str:
        return bare_prompt(template, problem) + _BEFORE

    def short(problem: Problem) -> bool:
        return len(tokenizer(prompt(problem)).input_ids) <= given.max_tokens

    lines = []
    for name in given.datasets or sorted({problem.dataset for problem in asked}):
        train = [p for p in seeds if p.dataset == name and short(p)]
        test = [p for p in asked if p.dataset == name and short(p)]
        if not test or not repeated(train):
            continue
        learned, told = (
            states(model, tokenizer, [prompt(p) for p in rows], layers) for rows in (train, test)
        )
        labels, gold = ([answer_text(p.answer) for p in rows] for rows in (train, test))
        read = {key: accuracy(learned[key], labels, told[key], gold) for key in learned}
        line: dict[str, Any] = {"dataset": name, "seeds": len(train), "asked": len(test)}
        lines.append(line | {k: round(v, 3) for k, v in (baseline(train, test) | read).items()})
        print(table(lines), end="\n\n", flush=True)
    print(json.dumps({"benchmark": "label_probe", "model": str(weights), "rows": lines}))


if __name__ == "__main__":
    main()
