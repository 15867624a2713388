"""The users of `serving_load.py`, for locust: each asks, waits for the answer, asks again.

`MEDS3_LOAD` names a JSON file: a list of {"body", "expected"}, `expected` being what the same
request was answered at rest. An answer that differs is counted by itself, for the rounding of a
batch may tip a sample; every status but 200 and 429 is a failure. After a 429 a user waits as long
as `Retry-After` says.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, task
from serving_load import EQUAL, OTHER, REFUSED, told

CASES: list[dict[str, Any]] = json.loads(Path(os.environ["MEDS3_LOAD"]).read_text("utf-8"))


class Clinician(FastHttpUser):
    """Never thinks: the heaviest user there is."""

    network_timeout = connection_timeout = 600.0

    @task
    def ask(self) -> None:
        case = random.choice(CASES)
        with self.client.post(
            "/v1/chat/completions", json=case["body"], name=EQUAL, catch_response=True
        ) as response:
            if response.status_code == 429:
                response.request_meta["name"] = REFUSED
                response.success()
                gevent.sleep(float(response.headers["Retry-After"]))
            elif response.status_code != 200:
                told_us = response.text or str(response.error)
                response.failure(f"status {response.status_code}: {told_us[:200]}")
            elif told(json.loads(response.text)) != case["expected"]:
                response.request_meta["name"] = OTHER
                response.success()
