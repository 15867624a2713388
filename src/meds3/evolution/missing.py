"""What a run needs and this machine does not have; nothing is fetched and no hub is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from meds3.engines.models import RECORDS, cached_path
from meds3.engines.vllm.environment import find
from meds3.errors import InputError
from meds3.evolution.config import RunConfig
from meds3.problems.config import DatasetSource, GymSource, HubSource, Source
from meds3.problems.sources.registry import DATASETS


def missing_problems(config: RunConfig) -> list[str]:
    """The files of problems that are not here, and what would come from the hub."""
    return list(dict.fromkeys(one for s in config.problems.sources for one in _missing(s)))


def missing_model(config: RunConfig) -> list[str]:
    """The base model, when it is not here."""
    model = config.model
    if record := RECORDS.get(model):
        here = cached_path(record).is_file()
    else:
        here = Path(model).expanduser().exists() or _in_hub_cache(model)
    return [] if here else [f"model {model}"]


def missing_engine(config: RunConfig) -> list[str]:
    """vLLM, where the config wants it and it is not installed."""
    if config.engine.kind == "vllm":
        try:
            find(config.engine.vllm)
        except InputError:
            return ["vLLM (meds3 engine install vllm)"]
    return []


def _missing(source: Source) -> Iterator[str]:
    if isinstance(source, GymSource):
        return
    if isinstance(source, HubSource):
        yield f"hub {source.id}, fetched when the run starts"
    elif isinstance(source, DatasetSource):
        yield from _missing_dataset(source)
    else:
        paths = [source.path] if source.seeds or not source.heldout_path else []
        if source.heldout and source.heldout_path:
            paths.append(source.heldout_path)
        yield from (str(path) for path in paths if not path.is_file())


def _missing_dataset(source: DatasetSource) -> Iterator[str]:
    dataset = DATASETS[source.name]
    if source.hub:
        yield f"{source.where} from the hub, fetched when the run starts"
        return
    parts = [(source.path, source.split)]
    if source.heldout and source.heldout_apart:
        parts.append((source.heldout_path or source.path, source.heldout_split or source.split))
    for path, split in parts:
        if not (path or dataset.path_of(split or "train")).exists():
            yield str(path or source.where)


def _in_hub_cache(model: str) -> bool:
    """Whether the Hugging Face cache holds `model`; nothing is asked for over the network."""
    try:
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.errors import HFValidationError
    except ImportError:
        return False
    try:
        return isinstance(try_to_load_from_cache(model, "config.json"), str)
    except HFValidationError:  # not of the form org/name
        return False
