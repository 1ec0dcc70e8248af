"""A flood of messages: memory stays bounded, and one person gets at most what the limits allow."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from bot.coverage.matcher import Matcher
from bot.model import ServerSettings
from bot.rules.limits import ANSWERS_AN_HOUR
from tests.faults.flood import STRANGERS, Flooded

ROOT = Path(__file__).parents[2]
MESSAGES = int(os.environ.get("FLOOD_MESSAGES", "2000"))
"""50,000 take minutes: FLOOD_MESSAGES=50000 python -m pytest tests/faults/test_flood.py."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's peak of memory there")
def test_a_flood_of_strangers_leaves_memory_bounded_and_each_with_their_share(
    database_url: str, matcher: Matcher, tmp_path: Path
) -> None:
    (tmp_path / "matcher").write_bytes(pickle.dumps(matcher))
    command = (sys.executable, "-m", "tests.faults.flood", str(tmp_path / "matcher"), database_url, str(MESSAGES))
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    seen = Flooded(**json.loads(ended.stdout))
    limit = ServerSettings().open_limit
    assert seen.most_of_one <= limit
    assert seen.tickets <= STRANGERS * limit
    most_calls = 2 * ANSWERS_AN_HOUR + 4 * limit
    assert seen.effects <= STRANGERS * most_calls + 1, "a thread and words for each answer, and a ticket's; the board"
    assert seen.peak < seen.before + 250, seen
