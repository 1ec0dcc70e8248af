"""What people write on Slack, as plain words, and the commands among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack_chat.reading import command_in, mentions, person_in, plain

NAMES = {"U1": "Aylin"}
BOT = "U0BOT"


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("ask <@U1> or <@U2> or <@U3|kim>", "ask @Aylin or @somebody or @kim"),
        ("see <#C1|general> and <#C2> and <#C3|>", "see #general and #channel and #channel"),
        ("<!here> <!channel> <!everyone|everyone>", "@here @channel everyone"),
        ("<!subteam^S1|@agents> <!subteam^S2>", "@agents @group"),
        ("since <!date^1700000000^{date}|14 Nov>", "since 14 Nov"),
        ("<https://acme.test/a?b=1&amp;c>", "https://acme.test/a?b=1&c"),
        ("<http://acme.test|acme.test>", "http://acme.test"),
        ("<https://acme.test/shop|my shop>", "my shop (https://acme.test/shop)"),
        ("<mailto:kim@acme.test|kim@acme.test>", "kim@acme.test"),
        ("<@U0BOT> help", "help"),
        ("<@U0BOT>, help", "help"),
        ("hey <@U0BOT|wartemarke>, help", "hey, help"),
        ("help <@U0BOT>", "help"),
        ("<@U0BOT>", ""),
        ("two\nlines\n", "two\nlines"),
        ("&lt;@U0BOT&gt; is typed", "<@U0BOT> is typed"),
        ("a < b", "a < b"),
    ],
)
def test_words_are_read_as_people_see_them(told: str, read: str) -> None:
    assert plain(told, NAMES.get, BOT) == read


@given(st.text(alphabet="<>|@#!&;ltgampU0BOT 1^:/h", max_size=60))
def test_whatever_is_told_can_be_read(told: str) -> None:
    assert f"<@{BOT}>" not in plain(told.replace("&", ""), NAMES.get, BOT)


def test_we_are_called_by_our_id_alone() -> None:
    assert mentions("hey <@U0BOT>!", BOT)
    assert mentions("hey <@U0BOT|wartemarke>!", BOT)
    assert not mentions("hey <@U0BOTTOM>, @wartemarke, U0BOT", BOT)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        *((name, (name, "")) for name in ("claim", "release", "close", "place", "queue", "mine", "behind")),
        ("Place?", ("place", "")),
        ("claim 12", ("claim", "12")),
        ("claim #12 too urgent\nto wait", ("claim", "#12 too urgent\nto wait")),
        ("release 12", ("release", "12")),
        ("close 12", ("close", "12")),
        ("policy", ("policy", "")),
        ("covered do you mend colours?", ("covered", "do you mend colours?")),
        ("claim", ("claim", "")),
    ],
)
def test_commands_are_understood_where_we_are_called(words: str, command: tuple[str, str]) -> None:
    assert command_in(words, is_called=True, is_alone=False, may_mark=True) == command
    assert command_in(f"!{words}", is_called=False, is_alone=False, may_mark=True) == command
    assert command_in(words, is_called=False, is_alone=False, may_mark=True) is None
    assert command_in(f"!{words}", is_called=False, is_alone=False, may_mark=False) is None


@pytest.mark.parametrize(
    "words",
    [
        "claim my refund",
        "close the window please",
        "close 2 windows",
        "claim 12th",
        "release 1234567890",
        "my place is taken",
        "setup",
        "block U1",
        "policyholder",
        "",
    ],
)
def test_everything_else_is_a_message(words: str) -> None:
    assert command_in(words, is_called=True, is_alone=True, may_mark=True) is None


def test_in_direct_messages_the_bare_word_is_enough_but_a_question_is_a_message() -> None:
    assert command_in("place", is_called=False, is_alone=True, may_mark=True) == ("place", "")
    assert command_in("policy", is_called=False, is_alone=True, may_mark=True) == ("policy", "")
    assert command_in("policy on refunds?", is_called=False, is_alone=True, may_mark=True) is None
    assert command_in("!policy on refunds?", is_called=False, is_alone=True, may_mark=True) == ("policy", "on refunds?")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("!ticket the export fails", ("ticket", "the export fails")),
        ("!close thanks,\nsolved", ("close", "thanks,\nsolved")),
        ("!close-ticket 12", ("close", "12")),
        ("!Schließen danke!", ("close", "danke!")),
        ("!warteschlange", ("queue", "")),
        ("!fairness month csv", ("fairness", "month csv")),
        ("!claim my refund", ("claim", "my refund")),
        ("!Place?!", ("place", "")),
    ],
)
def test_behind_an_exclamation_mark_every_command_has_its_words(words: str, command: tuple[str, str]) -> None:
    assert command_in(words, is_called=False, is_alone=False, may_mark=True) == command
    assert command_in(words, is_called=False, is_alone=False, may_mark=False) is None


@pytest.mark.parametrize(
    "words", ["!unknown", "!important: close the gap", "! close", "!!close", "!", "!claim-it", "!12"]
)
def test_behind_an_exclamation_mark_all_other_words_are_a_message(words: str) -> None:
    assert command_in(words, is_called=True, is_alone=True, may_mark=True) is None


@pytest.mark.parametrize("told", ["jonas", "@jonas", "jonas.meyer", "U1 and more", "u0aylin", ""])
def test_a_word_is_no_person(told: str) -> None:
    assert person_in(told) is None


@pytest.mark.parametrize("told", ["<@W1ABC|kim>", "<@W1ABC>", " W1ABC "])
def test_commands_about_people_get_their_ids(told: str) -> None:
    assert person_in(told) == "W1ABC"
