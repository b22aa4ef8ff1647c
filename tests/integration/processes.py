"""`baithak up` as somebody sees it who has only the operating system: what it says, what runs, what it costs."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from tests import commands
from tests.e2e.system import ROOT


def processes_on(data_dir: Path) -> dict[int, str]:
    """Every process started for this data directory, by its id; found by its environment, so an orphan is too."""
    mark = b"BAITHAK_DATA_DIR=" + os.fsencode(data_dir) + b"\0"
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended while we looked
    return found


def cpu_seconds(pid: int) -> float:
    """Seconds of computing a process has had so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds_to_import(module: str) -> float:
    """Seconds of computing it takes this machine, as busy as it is, to import a module."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def environment(data_dir: Path, **given: str) -> dict[str, str]:
    """What a command is started with: our own environment, this data directory, ports of the kernel's choice."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("BAITHAK_")},
        "BAITHAK_DATA_DIR": str(data_dir),
        "BAITHAK_STAGES": "fast",
        "BAITHAK_WEB_PORT": "0",
        "BAITHAK_SANDBOX_PORT": "0",
        **given,
    }


def baithak(data_dir: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, run to its end."""
    return commands.run_text("bot", arguments, env=environment(data_dir, **given))


def started(data_dir: Path, *arguments: str) -> subprocess.Popen[str]:
    """A command that goes on, with all it says in its standard output."""
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(data_dir), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def path_without_redis(folder: Path) -> str:
    """A PATH on which everything is but a Redis."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if not program.name.startswith(("redis-", "valkey-")) and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return str(folder)


def without_modules(folder: Path, *names: str) -> str:
    """A PYTHONPATH under which these packages are not installed."""
    folder.mkdir()
    lines = ["import sys", *(f"sys.modules[{name!r}] = None" for name in names)]
    (folder / "sitecustomize.py").write_text("\n".join(lines), encoding="utf-8")
    return str(folder)
