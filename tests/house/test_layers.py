"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.house.rooms import ROOT


def test_the_import_contracts_of_the_house_are_kept() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    checked = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
