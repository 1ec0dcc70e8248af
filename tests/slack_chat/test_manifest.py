"""The manifest: exactly what the code uses, and within Slack's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.slack_chat.app import EVENTS as HEARD
from adapters.slack_chat.commands import called
from adapters.slack_chat.manifest import EVENTS, NEW_TICKET, SCOPES, SHORTCUTS, ShortcutKind, manifest
from bot.__main__ import app as command_line
from bot.desk.commands import COMMANDS
from bot.model import Wish
from bot.settings import Settings
from tests.doubles.slack.commands import BUILT_IN

LONGEST_PREFIX = "a" * 19
URL = "https://support.example.org/"
Json = dict[str, Any]


@pytest.fixture(params=["", URL], ids=["sockets", "http"])
def told(request: pytest.FixtureRequest) -> Json:
    return manifest(LONGEST_PREFIX, request.param)


def texts(node: Any) -> Iterator[str]:
    """All texts in a manifest."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from texts(child)


def test_it_names_the_events_that_the_app_hears() -> None:
    told = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert sorted({event.split(".")[0] for event in told}) == sorted(HEARD)
    assert len(told) == len(set(told)) <= 100


def test_it_names_the_commands_of_the_desk() -> None:
    for prefix in ("", "sd-"):
        told = [command["command"] for command in manifest(prefix)["features"]["slash_commands"]]
        assert told == [called(command.name, prefix) for command in COMMANDS]
        assert f"/{prefix}claim" in told
        assert f"/{prefix}close-ticket" in told, "/close is Slack's own: it leaves the channel"


def test_no_command_of_ours_is_one_of_slacks_own() -> None:
    told = {command["command"] for command in manifest()["features"]["slash_commands"]}
    assert told & BUILT_IN == set()


def test_it_names_the_shortcuts_that_the_app_hears() -> None:
    told = {each["callback_id"]: each["type"] for each in manifest()["features"]["shortcuts"]}
    assert told == {**dict.fromkeys(map(str, Wish), "message"), NEW_TICKET: "global"}
    assert len(SHORTCUTS) == len(told)
    assert [each.kind for each in SHORTCUTS].count(ShortcutKind.GLOBAL) == 1


def test_the_shortcut_by_which_tickets_are_claimed_is_no_command() -> None:
    told = {each["callback_id"]: each["description"] for each in manifest()["features"]["shortcuts"]}
    assert told["claim"] == "Take the ticket that this message belongs to"


def test_it_keeps_within_slacks_limits(told: Json) -> None:
    about, features = told["display_information"], told["features"]
    assert len(about["name"]) <= 35
    assert 0 < len(about["description"]) <= 140
    assert len(features["bot_user"]["display_name"]) <= 80
    assert len(features["slash_commands"]) <= 50
    for command in features["slash_commands"]:
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert 0 < len(command["description"]) <= 100
        assert 0 < len(command.get("usage_hint", "-")) <= 1000
        assert command["should_escape"]
    assert len(features["shortcuts"]) <= 10
    for shortcut in features["shortcuts"]:
        assert 0 < len(shortcut["name"]) <= 24
        assert 0 < len(shortcut["description"]) <= 150
        assert 0 < len(shortcut["callback_id"]) <= 255
    assert not [words for words in texts(told) if words != words.strip() or "{" in words]


def test_with_an_address_slack_sends_everything_there() -> None:
    told = manifest(url=URL)
    events = "https://support.example.org/slack/events"
    assert not told["settings"]["socket_mode_enabled"]
    assert told["settings"]["event_subscriptions"]["request_url"] == events
    assert told["settings"]["interactivity"]["request_url"] == events
    assert {command["url"] for command in told["features"]["slash_commands"]} == {events}
    assert told["oauth_config"]["redirect_urls"] == ["https://support.example.org/slack/oauth_redirect"]


def test_without_an_address_there_is_none_in_it() -> None:
    told = manifest()
    assert told["settings"]["socket_mode_enabled"]
    assert told["settings"]["interactivity"] == {"is_enabled": True}
    assert "://" not in json.dumps(told)


def test_people_can_write_to_the_bot_and_open_its_home() -> None:
    told = manifest()["features"]["app_home"]
    assert told == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_tokens_of_a_single_workspace_do_not_run_out(told: Json) -> None:
    assert not told["settings"]["token_rotation_enabled"]


def test_it_asks_for_no_more_than_a_bot_needs() -> None:
    told = manifest()["oauth_config"]["scopes"]
    assert told == {"bot": sorted(SCOPES)}
    events = {"app_mention": "app_mentions:read", "message.im": "im:history", "reaction_added": "reactions:read"}
    for event, scope in events.items():
        assert event in EVENTS
        assert scope in SCOPES


def test_the_command_prints_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_COMMAND_PREFIX", "sd-")
    words = ("slack", "manifest", "--url", URL, "--name", "Help")
    assert json.loads(CliRunner().invoke(command_line, words).stdout) == manifest("sd-", URL, "Help")
    told = CliRunner().invoke(command_line, ("slack", "manifest", "--prefix", "my_")).stdout
    assert json.loads(told) == manifest("my_")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--prefix", "UPPER"), "SLACK_COMMAND_PREFIX='UPPER'"),
        (("--prefix", "a" * 20), "at most 19"),
        (("--url", "http://support.example.org"), "https://"),
        (("--url", "support.example.org"), "https://"),
        (("--name", "x" * 36), "35"),
        (("--name", ""), "35"),
    ],
)
def test_what_slack_would_not_take_is_refused_in_one_sentence(words: tuple[str, ...], problem: str) -> None:
    result = CliRunner().invoke(command_line, ("slack", "manifest", *words))
    assert result.exit_code == 2
    assert result.stdout == ""
    (sentence,) = result.stderr.strip().splitlines()
    assert problem in sentence


def test_a_new_key_is_one_that_the_settings_take() -> None:
    keys = {CliRunner().invoke(command_line, ("slack", "key")).stdout.strip() for _ in range(2)}
    assert len(keys) == 2
    assert len(Settings(_env_file=None, **_oauth(",".join(keys))).slack_token_keys) == 2


def _oauth(keys: str) -> Json:
    return {
        "slack_signing_secret": "s",
        "slack_client_id": "1.2",
        "slack_client_secret": "c",
        "slack_token_keys": keys,
    }
