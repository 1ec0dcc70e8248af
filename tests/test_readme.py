"""The README tells the truth: commands exist, pictures and files are there, make targets work."""

import re
from pathlib import Path

from typer.main import get_command

from bot.__main__ import app
from bot.desk.commands import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_its_pictures_and_links_lead_to_files() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).is_file()] == []


def test_it_tells_every_command_of_the_command_line_and_no_other() -> None:
    told = set(re.findall(r"\| `wartemarke (\w+)", README))
    assert told == set(get_command(app).commands)  # type: ignore[attr-defined]


def test_it_tells_every_slash_command_and_no_other() -> None:
    told = set(re.findall(r"`/(\w+)", README))
    assert told == {command.name for command in COMMANDS}


def test_its_make_targets_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make (\w+)$", README, re.MULTILINE)) <= targets
