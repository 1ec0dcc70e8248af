"""What was learnt is remembered by the next start; whatever is wrong with the file, all is learnt anew."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from bot.coverage.matcher import Matcher
from bot.coverage.memory import recall
from bot.coverage.policy import Policy, load_policy
from tests.coverage.small_policy import write_policy

MESSAGES = ["the slider stays empty since the update", "can you add a dark mode for me?", "Was kostet eine Anpassung?"]


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    folder = tmp_path / "policy"
    folder.mkdir()
    write_policy(folder)
    return load_policy(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def kept_for(policy: Policy, folder: Path) -> Path:
    """The file in which what was learnt of this policy is kept."""
    recall(policy, folder)
    return max(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)


def without_one(policy: Policy) -> Policy:
    gone = next(iter(policy.categories))
    return replace(policy, categories={id_: one for id_, one in policy.categories.items() if id_ != gone})


def test_verdicts_are_the_same_as_when_all_is_learnt(policy: Policy, folder: Path) -> None:
    recall(policy, folder)
    remembering, learning = Matcher(policy, known=recall(policy, folder)), Matcher(policy)
    for message in MESSAGES:
        assert remembering.match(message) == learning.match(message)
        assert remembering.candidates(message) == learning.candidates(message)
    adapted = [one.adapted(without_one(policy)) for one in (remembering, learning)]
    assert adapted[0].match(MESSAGES[1]) == adapted[1].match(MESSAGES[1])


def test_what_was_learnt_is_read_from_the_file(policy: Policy, folder: Path) -> None:
    file, other = kept_for(policy, folder), kept_for(without_one(policy), folder)
    shutil.copy(other, file)
    assert recall(policy, folder).categories == list(without_one(policy).categories)


def test_another_policy_is_learnt(policy: Policy, folder: Path) -> None:
    recall(policy, folder)
    assert recall(without_one(policy), folder).categories == list(without_one(policy).categories)


@pytest.mark.parametrize("harm", ["torn", "empty", "changed", "no file"])
def test_a_harmed_file_is_made_anew(policy: Policy, folder: Path, harm: str) -> None:
    file = kept_for(policy, folder)
    whole = file.read_bytes()
    if harm == "no file":
        file.unlink()
        file.mkdir()
    else:
        harmed = {"torn": whole[: len(whole) // 2], "empty": b"", "changed": whole[:-100] + bytes(100)}[harm]
        file.write_bytes(harmed)
    assert recall(policy, folder).categories == list(policy.categories)
    assert file.is_dir() or len(file.read_bytes()) == len(whole)


@pytest.mark.skipif(sys.platform == "win32", reason="there are other rights on Windows")
@pytest.mark.parametrize("mode", [0o620, 0o602])
@pytest.mark.parametrize("is_folder", [False, True])
def test_a_file_that_others_can_write_is_not_read(policy: Policy, folder: Path, mode: int, *, is_folder: bool) -> None:
    file, other = kept_for(policy, folder), kept_for(without_one(policy), folder)
    shutil.copy(other, file)
    (folder if is_folder else file).chmod(mode | 0o100)
    assert recall(policy, folder).categories == list(policy.categories)


def test_where_nothing_can_be_kept_it_is_learnt(policy: Policy, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert recall(policy, tmp_path / "file" / "cache").categories == list(policy.categories)


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="a home is found in other ways there")
def test_who_has_no_home_finds_nothing_where_the_bot_was_started(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(uid: int) -> NoReturn:
        raise KeyError(uid)

    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert recall(policy).categories == list(policy.categories)
    assert not (tmp_path / "~").exists()


def test_the_files_that_were_used_last_are_kept(policy: Policy, folder: Path) -> None:
    turned = replace(policy, categories=dict(reversed([*policy.categories.items()])))
    oldest, unused = kept_for(policy, folder), kept_for(turned, folder)
    torn = folder / "torn.part"  # of a process that was killed while it wrote
    torn.touch()
    for age, file in enumerate((torn, oldest, unused)):
        os.utime(file, (age, age))
    recall(policy, folder)
    newer = [kept_for(other, folder) for other in (without_one(policy), without_one(turned))]
    assert set(folder.iterdir()) == {oldest, *newer}
