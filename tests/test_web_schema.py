"""The API against its own OpenAPI document: schemathesis asks all that it allows, and much that it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serving import ROOT, serving

# Nobody in the photo, options that exclude one another: a schema cannot say that, and the reply is 422.
CONFIG = """
hooks = "schemathesis_hooks"
[checks]
positive_data_acceptance.expected-statuses = ["2xx", 404, 422]
"""


@pytest.mark.slow
def test_the_api_keeps_what_its_document_promises(tmp_path):
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    tool = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    with serving("--rate", "100000", "--queue", "50") as server:
        done = subprocess.run(
            [tool, "run", f"{server.url}/v1/openapi.json", "--max-examples", "8", "--seed", "20", "--no-color"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        assert "7 selected / 7 total" in done.stdout
        assert len(server.said) == 1, server.said
