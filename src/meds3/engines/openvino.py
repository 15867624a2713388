"""OpenVINO GenAI in this process: continuous batching over a GGUF file on the CPU."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import signal
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from meds3.engines.choices import as_chosen, single_samplings
from meds3.engines.gguf_facts import gguf_facts
from meds3.engines.openvino_pipeline import (
    BLOCK_TOKENS,
    block_bytes,
    first_line,
    generation_config,
    load_pipeline,
    needed_blocks,
)
from meds3.engines.protocol import Completion, Sampling
from meds3.engines.signal_stack import kept_signal_stack
from meds3.errors import EngineError, InputError
from meds3.runs.digest import digest_path

_TIMEOUT_CLOSE_S = 60.0


@dataclass
class _Request:
    """One `generate` call on its way through the worker thread."""

    prompt: str
    sampling: Sampling
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[list[Completion]]
    cancelled: bool = False
    ids: Any = None  # the prompt's tokens, [1, length]
    handle: Any = None

    @property
    def prompt_tokens(self) -> int:
        return int(self.ids.shape[1])

    @property
    def blocks(self) -> int:
        """The most cache blocks it can come to fill."""
        return needed_blocks(self.prompt_tokens, self.sampling)


class OpenVinoEngine:
    """Continuous batching: a request joins the running batch at the next step.

    One worker thread owns the pipeline. Samples repeat when the same requests arrive in the
    same order with the same seeds; *what else is in the batch changes rounding*, so under
    load the same seed need not give the same text (the journal is what makes a run repeat).
    So does a prompt whose start is still in the cache: without `prefix_caching`, and with one
    request at a time, a seed repeats whatever was asked before.

    The KV cache is bounded by `cache_gb`: a request waits until the cache has room for it.

    Raises `InputError` for a model it cannot load, `EngineError` after a pipeline failure:
    then every pending and every later call fails with it.
    """

    def __init__(
        self,
        model: Path,
        *,
        cache_gb: float = 1.0,
        max_sequences: int = 64,
        threads: int | None = None,
        prefix_caching: bool = True,
        quantized_activations: bool = True,
    ) -> None:
        if model.suffix != ".gguf":
            raise InputError(
                f"model {model}: the openvino engine reads .gguf files",
                "name a .gguf file, or use engine.kind transformers for a Hugging Face folder",
            )
        self._model = model
        self._max_sequences = max_sequences
        # Twice as many wait inside, so that the next prompts are ready when a place is free.
        self._most_sequences = 2 * max_sequences
        facts = gguf_facts(model)
        # The digest keeps calls of two policies apart when their files are called alike.
        self._name = f"openvino:{model.name}@{digest_path(model)[:12]}"
        self._context = facts.context
        blocks = int(cache_gb * 2**30) // block_bytes(facts)
        self._cache_tokens = blocks * BLOCK_TOKENS
        self._pipeline = load_pipeline(
            model, blocks, max_sequences, threads, prefix_caching, quantized_activations
        )
        self._tokenizer = self._pipeline.get_tokenizer()
        self._inbox: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._failure: EngineError | None = None
        self._next_id = 0
        self._thread = threading.Thread(target=self._work, name="meds3-openvino", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        return self._name

    @property
    def capacity(self) -> int:
        return self._max_sequences

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`; cancelling the awaiting task drops the request."""
        if sampling.temperature == 0 and sampling.n > 1:
            raise InputError(
                f"sampling.n is {sampling.n} with temperature 0: greedy text is always the same",
                "n = 1, or a temperature above 0",
            )
        if sampling.n > self._max_sequences:
            raise InputError(
                f"sampling.n is {sampling.n}, engine.max_sequences is {self._max_sequences}",
                f"raise engine.max_sequences to {sampling.n} or more",
            )
        if sampling.choices:
            return await self._choose(prompt, sampling)
        return await self._request(prompt, sampling)

    async def _choose(self, prompt: str, sampling: Sampling) -> list[Completion]:
        each = (self._request(prompt, single) for single in single_samplings(sampling))
        completions = [one for (one,) in await asyncio.gather(*each)]
        return as_chosen(self.name, completions, sampling)

    async def _request(self, prompt: str, sampling: Sampling) -> list[Completion]:
        loop = asyncio.get_running_loop()
        request = _Request(prompt, sampling, loop, loop.create_future())
        with self._lock:
            if self._failure is not None:
                raise self._failure
            self._inbox.put(request)
        try:
            return await request.future
        except asyncio.CancelledError:
            request.cancelled = True
            raise

    async def close(self) -> None:
        """Stop the worker, fail what is pending, free the model."""
        with self._lock:
            if self._failure is None:
                self._failure = EngineError(f"{self.name}: the engine is closed")
            self._inbox.put(None)
        await asyncio.to_thread(self._thread.join, _TIMEOUT_CLOSE_S)
        with kept_signal_stack():
            self._tokenizer = self._pipeline = None

    # -- the worker thread -----------------------------------------------------------------

    def _work(self) -> None:
        # Signals are for the main thread; the native code under this one may move its signal stack.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        active: list[_Request] = []
        waiting: deque[_Request] = deque()
        try:
            while self._take(waiting, wait=not active and not waiting):
                self._admit(waiting, active)
                if self._pipeline.has_non_finished_requests():
                    self._pipeline.step()
                active = [r for r in active if not self._settle(r)]
            self._empty(active)
            failure = self._failure or EngineError(f"{self.name}: the engine is closed")
        except Exception as error:  # noqa: BLE001 (whatever the C++ side throws ends this engine)
            failure = EngineError(
                f"{self.name} failed: {first_line(error)}",
                "run the same command again: it resumes; lower engine.cache_gb or "
                "engine.max_sequences if memory is short",
            )
        self._fail(failure, [*active, *waiting])

    def _empty(self, active: Sequence[_Request]) -> None:
        """A cancelled request leaves the pipeline in its next step only, and a pipeline that goes
        with any in it complains of leaks where the user reads."""
        for request in active:
            request.handle.cancel()
            request.handle = None
        if self._pipeline.has_non_finished_requests():
            self._pipeline.step()

    def _fail(self, failure: EngineError, active: list[_Request]) -> None:
        with self._lock:  # no request can enter the inbox after this
            self._failure = failure
            while not self._inbox.empty():
                request = self._inbox.get()
                if request is not None:
                    active.append(request)
        for request in active:
            if request.handle is not None:
                request.handle.cancel()
                request.handle = None
            _resolve(request, failure)

    def _take(self, waiting: deque[_Request], *, wait: bool) -> bool:
        """Move what was asked into `waiting`, tokenised; False when told to stop.

        A request that can never fit is answered with an error.
        """
        while wait or not self._inbox.empty():
            request = self._inbox.get()
            if request is None:
                return False
            wait = False
            if request.cancelled:
                continue
            request.ids = self._tokenizer.encode(request.prompt, add_special_tokens=False).input_ids
            if problem := self._does_not_fit(request):
                _resolve(request, problem)
            else:
                waiting.append(request)
        return True

    def _admit(self, waiting: deque[_Request], active: list[_Request]) -> None:
        """Give the pipeline what its cache has room for, first come first served.

        Given more, it computes prompts ahead until the cache is full, then throws them out and
        computes them again, over and over.
        """
        blocks = sum(request.blocks for request in active)
        sequences = sum(request.sampling.n for request in active)
        while waiting:
            request = waiting[0]
            blocks += request.blocks
            sequences += request.sampling.n
            full = blocks * BLOCK_TOKENS > self._cache_tokens or sequences > self._most_sequences
            if active and full:
                return
            waiting.popleft()
            if not request.cancelled:
                self._next_id += 1
                config = generation_config(request.sampling)
                request.handle = self._pipeline.add_request(self._next_id, request.ids, config)
                active.append(request)

    def _does_not_fit(self, request: _Request) -> InputError | None:
        prompt_tokens, sampling = request.prompt_tokens, request.sampling
        if prompt_tokens == 0:
            return InputError("the prompt is empty", "give the model at least one token")
        if prompt_tokens + sampling.max_tokens > self._context:
            return InputError(
                f"a prompt of {prompt_tokens} tokens and max_tokens {sampling.max_tokens} exceed "
                f"the context of {self._model.name} ({self._context} tokens)",
                "shorten the question's context or lower max_tokens",
            )
        if request.blocks * BLOCK_TOKENS > self._cache_tokens:
            return InputError(
                f"a prompt of {prompt_tokens} tokens with {sampling.n} samples of "
                f"{sampling.max_tokens} exceeds the KV cache ({self._cache_tokens} tokens)",
                "raise engine.cache_gb, or lower sampling.n or max_tokens",
            )
        return None

    def _settle(self, request: _Request) -> bool:
        """Answer a finished request; True when nothing is left to do for it."""
        if request.cancelled:
            request.handle.cancel()
            return True
        status = request.handle.get_status().name
        if status == "RUNNING":
            return False
        if status != "FINISHED":
            _resolve(request, EngineError(f"{self.name}: a request ended as {status}"))
            return True
        outputs = request.handle.read_all()
        _resolve(request, [self._completion(output, request) for output in outputs])
        return True

    def _completion(self, output: Any, request: _Request) -> Completion:
        ids = list(output.generated_ids)
        finish: Literal["stop", "length"] = (
            "length" if output.finish_reason.name == "LENGTH" else "stop"
        )
        text = self._tokenizer.decode(ids, skip_special_tokens=True)
        # `output.score` is no log-probability of the model: it is summed after temperature, top-k
        # and top-p have reshaped the distribution (0 for greedy text).
        return Completion(text, len(ids), finish, None, request.prompt_tokens)


def _resolve(request: _Request, result: list[Completion] | Exception) -> None:
    """Hand the result to the loop that waits, unless that loop is gone."""

    def settle() -> None:
        if request.future.done():
            return
        if isinstance(result, Exception):
            request.future.set_exception(result)
        else:
            request.future.set_result(result)

    # A closed loop (RuntimeError) has nobody left who waits.
    with contextlib.suppress(RuntimeError):
        request.loop.call_soon_threadsafe(settle)
