"""Hugging Face `generate` on any torch device: slow on a CPU, needs no server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from meds3.engines.batching import Request, next_batch
from meds3.engines.choices import allowed_tokens, as_chosen
from meds3.engines.protocol import Completion, Sampling
from meds3.engines.weights import load_causal_lm
from meds3.errors import EngineError, InputError
from meds3.runs.digest import digest_path

_LOG = logging.getLogger("meds3.engines")
_TICK_S = 0.001


class TransformersEngine:
    """Batches the waiting requests whose sampling differs in at most `n` and `seed`.

    A batch runs in a thread until its last sequence ends; new requests wait for the next.
    The seed of a batch is that of its first request. The keys and values of a batch, padding
    included, take at most `cache_gb` GiB (those of one request alone may take more).
    """

    def __init__(
        self, model: Any, tokenizer: Any, name: str, *, max_sequences: int = 64, cache_gb: float = 1
    ) -> None:
        self._name = name
        self._model, self._tokenizer = model.eval(), tokenizer
        self._tokenizer.padding_side = "left"
        self._device = model.device
        self._max_sequences = max_sequences
        self._room = int(cache_gb * 2**30) // _bytes_per_token(self._model)
        self._waiting: list[Request] = []
        self._runner: asyncio.Task[None] | None = None
        self._failure: EngineError | None = None

    @classmethod
    def load(
        cls, path: Path, *, device: str | None = None, max_sequences: int = 64, cache_gb: float = 1
    ) -> Self:
        """An engine over the model in `path`, on `device` (None: CUDA where there is one)."""
        import torch

        chosen = device or ("cuda:0" if torch.cuda.is_available() else "cpu")
        # Half precision on a CPU without its instructions is a hundred times slower.
        dtype = torch.float32 if chosen == "cpu" else torch.bfloat16
        model, tokenizer = load_causal_lm(path, dtype)
        try:
            model.to(chosen)
        except (RuntimeError, AssertionError) as error:  # what torch raises for a device
            raise InputError(
                f"engine.device {chosen!r}: {str(error).splitlines()[0]}",
                "use a device that torch sees, for example cpu or cuda:0",
            ) from error
        name = f"transformers:{path.name}@{digest_path(path)[:12]}"
        return cls(model, tokenizer, name, max_sequences=max_sequences, cache_gb=cache_gb)

    @property
    def name(self) -> str:
        return self._name

    @property
    def capacity(self) -> int:
        return self._max_sequences

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`."""
        if self._failure is not None:
            raise self._failure
        if sampling.temperature == 0 and sampling.n > 1:
            raise InputError(
                f"sampling.n is {sampling.n} with temperature 0: greedy text is always the same",
                "n = 1, or a temperature above 0",
            )
        future: asyncio.Future[list[Completion]] = asyncio.get_running_loop().create_future()
        ids = list(self._tokenizer(prompt, add_special_tokens=False)["input_ids"])
        self._waiting.append(Request(ids, sampling, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await future

    async def close(self) -> None:
        """Fail what waits, let the running batch end, free the model."""
        self._fail(EngineError(f"{self.name}: the engine is closed"), [])
        if self._runner is not None:
            await asyncio.wait([self._runner])
        self._model = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)  # let the callers of this tick join
            self._waiting = [r for r in self._waiting if not r.future.done()]
            batch = next_batch(self._waiting, self._max_sequences, self._room)
            if not batch:
                return
            try:
                results = await asyncio.to_thread(self._generate, batch)
            except InputError as error:
                results = [error] * len(batch)
            except Exception as error:  # noqa: BLE001 (out of memory and the like end this engine)
                self._fail(EngineError(f"{self.name} failed: {error}"), batch)
                return
            for request, result in zip(batch, results, strict=True):
                if request.future.done():
                    continue
                if isinstance(result, InputError):
                    request.future.set_exception(result)
                else:
                    request.future.set_result(result)

    def _fail(self, failure: EngineError, batch: Sequence[Request]) -> None:
        self._failure = self._failure or failure
        for request in [*batch, *self._waiting]:
            if not request.future.done():
                request.future.set_exception(self._failure)
        self._waiting.clear()

    def _generate(self, batch: Sequence[Request]) -> list[list[Completion] | InputError]:
        """Runs in a thread. One row per sequence, so that `n` may differ in a batch."""

        sampling = batch[0].sampling
        rows = [r.ids for r in batch for _ in range(r.sampling.n)]
        inputs = self._tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(self._device)
        width = inputs["input_ids"].shape[1]
        context = self._model.config.max_position_embeddings
        if width + sampling.max_tokens > context:
            if len(batch) > 1:  # find the one that is too long
                return [result for r in batch for result in self._generate([r])]
            return [
                InputError(
                    f"a prompt of {width} tokens and max_tokens {sampling.max_tokens} exceed "
                    f"the context of {self.name} ({context} tokens)",
                    "shorten the question's context or lower max_tokens",
                )
            ]
        output = self._sampled(inputs, sampling, width)
        if output is None:
            if len(batch) == 1:
                raise EngineError(
                    f"{self.name}: {len(rows)} sequences of {width} tokens and up to "
                    f"{sampling.max_tokens} more do not fit the memory of {self._device}",
                    "lower sampling.n or max_tokens, or use a GPU with more memory",
                )
            _LOG.warning(
                "%s: %d sequences of %d tokens do not fit its memory; a half at a time (lower "
                "engine.cache_gb or engine.max_sequences)",
                self.name,
                len(rows),
                width,
            )
            middle = len(batch) // 2
            return self._generate(batch[:middle]) + self._generate(batch[middle:])
        said = iter(output[:, width:].tolist())
        done = [
            [self._completion(next(said), len(r.ids), r.sampling) for _ in range(r.sampling.n)]
            for r in batch
        ]
        return [as_chosen(self.name, completions, sampling) for completions in done]

    def _sampled(self, inputs: Any, sampling: Sampling, width: int) -> Any:
        """The ids [rows, width + new]; None when the memory does not do."""
        import torch

        if torch.cuda.is_available():
            # The last batch had another shape, and what was kept for it fits nothing here.
            torch.cuda.empty_cache()
        torch.manual_seed(sampling.seed)
        try:
            with torch.inference_mode():
                return self._model.generate(**inputs, **self._options(sampling, width))
        except torch.OutOfMemoryError:
            return None

    def _options(self, sampling: Sampling, width: int) -> dict[str, Any]:
        options: dict[str, Any] = {
            "max_new_tokens": sampling.max_tokens,
            "do_sample": sampling.temperature > 0,
            "pad_token_id": self._tokenizer.pad_token_id,
            "eos_token_id": self._tokenizer.eos_token_id,
        }
        if sampling.temperature > 0:
            options |= {
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "top_k": sampling.top_k,
            }
        if sampling.choices:
            eos = self._tokenizer.eos_token_id
            ids = [
                self._tokenizer(choice, add_special_tokens=False).input_ids
                for choice in sampling.choices
            ]
            options |= {
                "max_new_tokens": 1 + max(map(len, ids)),
                "prefix_allowed_tokens_fn": allowed_tokens(ids, eos, width),
            }
        if sampling.stop:
            options |= {"stop_strings": list(sampling.stop), "tokenizer": self._tokenizer}
        return options | _static_cache(self._model, width + options["max_new_tokens"])

    def _completion(self, ids: list[int], prompt_tokens: int, sampling: Sampling) -> Completion:
        """Cut at the end token, then at the first stop string."""
        eos = self._tokenizer.eos_token_id
        ended = eos in ids
        if ended:
            ids = ids[: ids.index(eos) + 1]
        text = self._tokenizer.decode(ids, skip_special_tokens=True)
        found = [at for stop in sampling.stop if (at := text.find(stop)) >= 0]
        if found:
            text = text[: min(found)]
            # A row that stopped early is padded; what it generated ends where the padding begins.
            pad = self._tokenizer.pad_token_id
            while len(ids) > 1 and ids[-1] == pad:
                ids = ids[:-1]
        return Completion(
            text, len(ids), "stop" if ended or found else "length", None, prompt_tokens
        )


def _static_cache(model: Any, tokens: int) -> dict[str, Any]:
    """A cache that is laid out once: the library's own default is copied at every token."""
    from transformers import StaticCache

    if not model._can_compile_fullgraph:  # what the library asks before it takes one itself
        return {}
    config = model.config.get_text_config()
    return {
        "past_key_values": StaticCache(config=config, max_cache_len=tokens),
        "disable_compile": True,
    }


def _bytes_per_token(model: Any) -> int:
    """What the keys and values of a token take, in the model's own precision."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    return int(2 * config.num_hidden_layers * kept * size * model.dtype.itemsize)
