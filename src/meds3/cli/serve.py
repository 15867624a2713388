"""`meds3 serve`: a private medical reasoner behind an API that people already speak."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from meds3 import SAFETY_NOTE
from meds3.cli.common import Overrides, console
from meds3.errors import EngineError, InputError

if TYPE_CHECKING:
    from meds3.evolution.answerer import Answerer
    from meds3.serving.config import ServingConfig

_AT_ONCE_ELSEWHERE = 8  # questions; a GPU or a server of its own has room
_GRACE_S = 30  # what runs at a shutdown may take so long to end


def serve(
    model: Annotated[
        str, typer.Argument(metavar="[RUN]", help="A run, an export, a GGUF file, or `embedded`.")
    ] = "embedded",
    host: Annotated[
        str, typer.Option(help="Another address than loopback demands --keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any free one.")] = 8000,
    keys: Annotated[
        Path | None, typer.Option(help="File of hashed API keys: `meds3 keys new`.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A host name it is called by; repeatable.")
    ] = None,
    prm: Annotated[Path | None, typer.Option(help="A PRM folder; a run brings its own.")] = None,
    at_once: Annotated[
        int | None,
        typer.Option(help="Questions worked on at once.", show_default="1 on a CPU, else 8"),
    ] = None,
    waiting: Annotated[int, typer.Option(help="Further ones that wait; then 429.")] = 16,
    max_seconds: Annotated[float, typer.Option(help="The longest an answer may take.")] = 300.0,
    audit: Annotated[Path, typer.Option(help="Where answers are recorded.")] = Path(
        "runs/audit.sqlite"
    ),
    runs: Annotated[Path, typer.Option(help="The folder whose runs the page shows.")] = Path(
        "runs"
    ),
    keep_text: Annotated[
        bool, typer.Option("--keep-text/--no-text", help="Record texts, or digests only.")
    ] = True,
    log_questions: Annotated[
        bool, typer.Option("--log-questions", help="The log shows what was asked.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Lift the guard against outgoing connections.")
    ] = False,
    overrides: Overrides = None,
) -> None:
    """Serve OpenAI's chat completions, a page at /, and a record of every answer.

    --set changes how questions are answered (`--set n=8 --set abstain_below=0.5`) and what the
    engine may take (`--set engine.cache_gb=0.5 --set engine.threads=4`).

    Example: `meds3 serve runs/cpu-demo --set n=8`

    Example: `meds3 serve runs/cpu-real --host 0.0.0.0 --keys keys.jsonl --name reasoner.ward`
    """
    from meds3.engines.build import require_package

    for package in ("fastapi", "uvicorn", "prometheus_client"):
        require_package(package, extra="serve", user="meds3 serve")
    config = _config(
        {
            "host": host,
            "port": port,
            "keys": keys,
            "hosts": tuple(name or ()),
            **({} if at_once is None else {"at_once": at_once}),
            "waiting": waiting,
            "max_seconds": max_seconds,
            "audit": audit,
            "runs": runs,
            "keep_text": keep_text,
            "log_questions": log_questions,
        }
    )
    _run(model, prm, config, list(overrides or ()), online)


def _repeating(answerer: Answerer, overrides: list[str]) -> Answerer:
    """What was asked before does not change an answer, not even its rounding."""
    if any(one.startswith("engine.prefix_caching") for one in overrides):
        return answerer
    engine = answerer.engine.model_copy(update={"prefix_caching": False})
    return replace(answerer, engine=engine)


def _config(given: dict[str, Any]) -> ServingConfig:
    from meds3.serving.config import ServingConfig

    try:
        return ServingConfig.model_validate(given)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        told = fault["msg"].removeprefix("Value error, ")
        raise InputError(f"--{where.replace('_', '-')}: {told}" if where else told) from error


def _run(
    model: str, prm: Path | None, config: ServingConfig, overrides: list[str], online: bool
) -> None:
    import uvicorn

    from meds3.evolution.answerer import answerer_of
    from meds3.evolution.reasoner import reasoner_of, servers_of
    from meds3.serving.app import create_app
    from meds3.serving.keys import read_keys
    from meds3.serving.offline import stay_offline

    if config.keys is not None:
        read_keys(config.keys)  # a faulty file is told before a model is loaded
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    answerer = answerer_of(model, prm=prm, overrides=overrides)
    if answerer.engine.kind == "openvino":
        answerer = _repeating(answerer, overrides)
    elif "at_once" not in config.model_fields_set:
        config = config.model_copy(update={"at_once": _AT_ONCE_ELSEWHERE})
    console.print(f"[dim]loading {answerer.name} …[/]", highlight=False)
    reasoner = reasoner_of(answerer)
    app = create_app(reasoner, config)
    if not online:
        stay_offline(servers_of(reasoner, answerer), own_names=(config.host,))
    where = f"http://{config.host}:{config.port}"
    console.print(f"[bold]{answerer.name}[/] at {where}, page and API (/v1)", highlight=False)
    console.print(f"[dim italic]{SAFETY_NOTE}[/]")
    settings = uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        log_config=None,
        access_log=False,  # it would show what was asked of the records
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=75,  # longer than any Retry-After: who waits keeps the connection
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = uvicorn.Server(settings)
    # Once all is ended in order uvicorn raises again the signal that asked for it.
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started and server.lifespan.should_exit:
        raise EngineError("it did not start: the reason is above", "mend it, then start it again")
