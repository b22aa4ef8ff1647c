"""A worker process: `python -m benchmarks.queue.worker KEY KIND ADDRESS FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.queue.adapters import Kind, adapter
from benchmarks.queue.work import Work


def main() -> None:
    """Work until the process is ended."""
    key, kind, address, folder = sys.argv[1:]
    adapter(key, Kind(kind), address).serve(Work(Path(folder)))


if __name__ == "__main__":
    main()
