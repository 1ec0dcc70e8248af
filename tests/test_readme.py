"""The README tells the truth about commands, settings and permissions, and its pictures and links lead somewhere."""

import re
from pathlib import Path

from typer.main import get_command

from adapters.discord_chat.permissions import NEEDED, invite_url, permissions_integer
from adapters.slack_chat.commands import called
from adapters.slack_chat.manifest import SCOPES
from bot.__main__ import app
from bot.desk.commands import COMMANDS
from bot.model import Language
from bot.settings import Settings
from bot.texts import say, text
from tests.doubles.paper_chat import PlainMarkup

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
    told = set(re.findall(r"`(/[\w-]+)", README))
    assert told == {f"/{command.name}" for command in COMMANDS} | {called(command.name, "") for command in COMMANDS}


def test_its_make_targets_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make (\w+)$", README, re.MULTILINE)) <= targets


def test_the_settings_that_it_names_exist() -> None:
    told = set(re.findall(r"`([A-Z]+_[A-Z_]+)", README))
    assert told
    assert told <= {name.upper() for name in Settings.model_fields}


def test_its_invitation_asks_discord_for_what_the_bot_needs() -> None:
    (link,) = re.findall(r"^https://discord\.com/\S+$", README, re.MULTILINE)
    assert link == invite_url(42).replace("client_id=42", "client_id=APPLICATION_ID")
    assert f"The permissions integer is **`{permissions_integer()}`**" in README


def test_it_says_what_each_permission_is_for() -> None:
    table = README.split("| permission | what for |")[1].split("\n\n")[0]
    told = [name for names in re.findall(r"^\| ([A-Z][^|]+) \|", table, re.MULTILINE) for name in names.split(", ")]
    keys = (f"permission-{name.replace('_', '-')}" for name in NEEDED)
    assert sorted(told) == sorted(say(text(key), Language.EN, PlainMarkup()) for key in keys)


def test_it_says_what_each_scope_on_slack_is_for() -> None:
    table = README.split("| scope | what for |")[1].split("\n\n")[0]
    told = re.findall(r"`([a-z_:]+)`", " ".join(line.split("|")[1] for line in table.splitlines() if "`" in line))
    assert sorted(told) == sorted(SCOPES)
