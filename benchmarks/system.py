"""The whole system as an operator has it: `baithak up`, with its sandbox in Telegram's place."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.site import ROOT

READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class System:
    """A running `baithak up`: the supervisor's process, and where its web part and its sandbox listen."""

    process: subprocess.Popen[bytes]
    web_port: int
    sandbox_port: int


@contextlib.contextmanager
def system_running(data_dir: Path, **environment: str) -> Iterator[System]:
    """`baithak up` with these settings beside, and without limits to how much one address may ask of the web part.

    Raises RuntimeError with what it said where it does not start.
    """
    log, web, sandbox = data_dir / "up.log", free_port(), free_port()
    given = {key: value for key, value in os.environ.items() if not key.startswith("BAITHAK_")} | {
        "BAITHAK_DATA_DIR": str(data_dir),
        "BAITHAK_STAGES": "fast",
        "BAITHAK_WEB_PORT": str(web),
        "BAITHAK_SANDBOX_PORT": str(sandbox),
        "BAITHAK_API_PER_MINUTE": "1000000000",
        **environment,
    }
    with log.open("wb") as output:
        command = [sys.executable, "-m", "bot", "up"]
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=output, stderr=subprocess.STDOUT)
    try:
        gives_up_at = time.monotonic() + READY_WITHIN_S
        while "ready web=" not in log.read_text(encoding="utf-8"):
            if process.poll() is not None or time.monotonic() > gives_up_at:
                raise RuntimeError(f"the system did not start: {log.read_text(encoding='utf-8')}")
            time.sleep(0.1)
        yield System(process, web, sandbox)
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
