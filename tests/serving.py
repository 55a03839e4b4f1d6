"""A real ``photo2moe serve`` in a process of its own, for the tests that need one."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TINY = ROOT / "tests" / "data" / "tiny.safetensors"


@dataclass
class Serving:
    """A server that runs: its address, its process, and the lines it has said so far."""

    url: str
    process: subprocess.Popen[str]
    said: list[str]

    def end(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[Serving]:
    """Start a server with the tiny net on a free port; end it afterwards."""
    command = [sys.executable, "-m", "photo2moe", "serve", "--port", "0", "--weights", str(TINY), *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}
    )
    said: list[str] = []
    assert process.stderr is not None
    try:
        for line in process.stderr:
            said.append(line.rstrip())
            if found := re.search(r"photo2moe is at (http://\S+?)/", line):
                break
        else:
            raise AssertionError(f"the server ended: {said}")
        threading.Thread(target=lambda: said.extend(line.rstrip() for line in process.stderr), daemon=True).start()
        yield Serving(found[1], process, said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stderr.close()
