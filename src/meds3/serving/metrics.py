"""Counters for Prometheus. No label holds anything that was asked."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meds3.answering.answer import Answered
from meds3.serving.admission import Admission

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)


class Metrics:
    """A registry of its own: two servers in one process do not share it."""

    def __init__(self, admission: Admission) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter(
            "meds3_requests", "Requests by path and status", ["path", "status"], registry=own
        )
        self.seconds = Histogram(
            "meds3_answer_seconds",
            "Seconds per answer, with the wait",
            buckets=_SECONDS,
            registry=own,
        )
        self.samples = Counter("meds3_samples", "Chains drawn", registry=own)
        self.saved = Counter(
            "meds3_samples_saved", "Chains that adaptive drawing did not need", registry=own
        )
        self.tokens = Counter("meds3_generated_tokens", "Tokens generated", registry=own)
        self.abstained = Counter(
            "meds3_abstentions", "Answers referred to a clinician", registry=own
        )
        self.gone = Counter(
            "meds3_clients_gone", "Clients that went away before their answer", registry=own
        )
        inside = Gauge("meds3_in_flight", "Questions at work or waiting", registry=own)
        inside.set_function(lambda: admission.inside)
        waiting = Gauge("meds3_waiting", "Questions that wait", registry=own)
        waiting.set_function(lambda: admission.waiting)

    def answered(self, answered: Answered, asked: int, seconds: float) -> None:
        """Count an answer of at most `asked` chains."""
        drawn = len(answered.drawn.candidates)
        self.seconds.observe(seconds)
        self.samples.inc(drawn)
        if answered.drawn.stopped in ("settled", "likely"):
            self.saved.inc(max(0, asked - drawn))
        self.tokens.inc(answered.tokens)
        self.abstained.inc(answered.refer)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Counted:
    """Counts every response by the route that gave it, never by what was asked for."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self._metrics.requests.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, sent if scope["type"] == "http" else send)
