"""`wartemarke evaluate` and `wartemarke bench` as they are typed, with what is installed and what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.coverage.small_policy import write_policy

ROOT = Path(__file__).parents[2]
RUN_WITHOUT = "import sys; sys.modules.update(dict.fromkeys({missing!r})); from bot.__main__ import main; main()"
MESSAGES = (
    '{"text": "der Slider bleibt leer, seit gestern!", "lang": "de", "category": "defect", "kind": "real"}\n'
    '{"text": "please add a dark mode", "lang": "en", "category": "customization", "kind": "invented"}\n'
)


def wartemarke(folder: Path, *words: str, missing: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in which some libraries are missing."""
    policy = folder / "policy"
    if not policy.exists():
        policy.mkdir()
        write_policy(policy)
        (folder / "messages.jsonl").write_text(MESSAGES, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", RUN_WITHOUT.format(missing=missing), *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "POLICY_DIR": "policy", "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_all_of_it_at_once(tmp_path: Path) -> None:
    result = wartemarke(tmp_path, "evaluate", "messages.jsonl", "--stress", "--plot", "out.png")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    for told in ("de", "invented", "MB of memory", "Worst mistakes", "ALL CAPITALS", "Turkish"):
        assert told in result.stdout
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["out.banana", "nowhere/out.png"])
def test_a_picture_that_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    result = wartemarke(tmp_path, "evaluate", "messages.jsonl", "--plot", name)
    assert result.returncode == 2
    (sentence,) = result.stderr.strip().splitlines()
    assert name.rpartition(".")[2] in sentence


def test_nothing_else_needs_what_pictures_and_comparisons_need(tmp_path: Path) -> None:
    missing = ("matplotlib", "sklearn", "scipy")
    assert wartemarke(tmp_path, "evaluate", "messages.jsonl", "--stress", missing=missing).returncode == 0
