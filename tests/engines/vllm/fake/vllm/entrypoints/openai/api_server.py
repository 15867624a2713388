"""Stands where vLLM stands in its environment: the same command, the same addresses, no model.

Its completions name the adapter and the process that answers. `--max-model-len 1` makes it fail to
start, `--seed N` makes it wait N seconds before it is ready.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ADAPTERS: list[str] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        data = [{"id": m, "max_model_len": OPTIONS.max_model_len} for m in ["served", *ADAPTERS]]
        self.reply(200, {"data": data} if self.path == "/v1/models" else {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/tokenize":
            words = body["prompt"].split()
            start = [1] if body["add_special_tokens"] else []
            self.reply(200, {"tokens": start + [1] + [2] * len(words)})
        elif self.path == "/v1/load_lora_adapter":
            known = body["lora_name"] in ADAPTERS
            ADAPTERS.append(body["lora_name"])
            self.reply(400 if known else 200, "has already been loaded" if known else "ok")
        elif body["model"] not in ["served", *ADAPTERS]:
            self.reply(404, {"error": f"no model {body['model']}"})
        else:
            time.sleep(float(os.environ.get("FAKE_DELAY", "0")))
            text = f" {body['model']} {os.getpid()} {body.get('add_special_tokens')}"
            choices = [
                {"index": i, "text": text, "finish_reason": "stop"} for i in range(body["n"])
            ]
            self.reply(200, {"choices": choices, "usage": {"completion_tokens": body["n"]}})

    def reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
parser.add_argument("--max-model-len", type=int, default=4096)
parser.add_argument("--seed", type=float, default=0.0)
OPTIONS, _ = parser.parse_known_args()
print(f"arguments: {sys.argv[1:]}", flush=True)
if OPTIONS.max_model_len == 1:
    sys.exit("ValueError: no room for the KV cache")
# A worker that does not listen to its parent, as those of vLLM are when it is killed.
WORKER = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(f"worker {WORKER.pid}", flush=True)
time.sleep(OPTIONS.seed)
ThreadingHTTPServer(("127.0.0.1", OPTIONS.port), Handler).serve_forever()
