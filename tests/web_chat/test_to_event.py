"""From a browser's frame to an Event: what is taken, what is refused, what is cleaned."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from adapters.web_chat.people import PLAYERS, SERVER
from adapters.web_chat.to_event import MAX_TEXT, Edit, Fill, NotTaken, Press, Write, read, to_event
from bot.model import ButtonPressed, CommandUsed, Event, FormSent, MessageEdited, MessagePosted

EMMA = PLAYERS["emma"].person
MANY = dict.fromkeys("abcdefghijk", "")
STAMP = "1790000000123456"


def event_of(**frame: object) -> Event:
    told = read(json.dumps({"id": "action-1", "channel": "support", **frame}))
    assert isinstance(told, Write | Edit | Press | Fill)
    return to_event(told, EMMA, "support", None, STAMP)


def test_a_message() -> None:
    assert event_of(type="write", text="Help\nplease") == MessagePosted(
        key="emma:action-1",
        server=SERVER,
        channel="support",
        order=1790000000123456,
        at=datetime(2026, 9, 21, 14, 13, 20, 123456, UTC),
        person=EMMA,
        message=STAMP,
        text="Help\nplease",
    )


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("/claim", "claim", ""),
        ("/Claim 3 too  urgent ", "claim", "3 too  urgent"),
        ("/ticket\nIt\nbroke", "ticket", "It\nbroke"),
        ("/block @Jonas", "block", "<@jonas>"),
        ("/no-such-thing x", "no-such-thing", "x"),
    ],
)
def test_commands(text: str, name: str, words: str) -> None:
    event = event_of(type="write", text=text)
    assert isinstance(event, CommandUsed)
    assert (event.name, event.words) == (name, words)


@pytest.mark.parametrize("text", ["/var/log/nginx says no", "// not me", "/ ", "see /claim", "/" + "x" * 40])
def test_what_only_looks_like_a_command_is_a_message(text: str) -> None:
    assert isinstance(event_of(type="write", text=text), MessagePosted)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@Wartemarke is the gallery covered?", "is the gallery covered?"),
        ("Hello @WARTEMARKE, is it covered?", "Hello is it covered?"),
        ("Thanks @wartemarke", "Thanks"),
        ("@Wartemarke", ""),
    ],
)
def test_who_names_the_bot_speaks_to_us_and_the_rest_are_the_words(text: str, words: str) -> None:
    event = event_of(type="write", text=text)
    assert isinstance(event, MessagePosted)
    assert (event.is_to_us, event.text) == (True, words)


@pytest.mark.parametrize("text", ["Wartemarke is nice", "mail to help@wartemarke.example", "@Wartemarken", " @Emma "])
def test_other_names_are_not_ours(text: str) -> None:
    event = event_of(type="write", text=text)
    assert isinstance(event, MessagePosted)
    assert (event.is_to_us, event.text) == (False, text)


def test_buttons_forms_and_edits() -> None:
    pressed = event_of(type="press", action="ticket:open:1")
    sent = event_of(type="fill", form="paid:1", values={"product": "Theme"})
    edited = event_of(type="edit", message=STAMP, text="Better")
    assert isinstance(pressed, ButtonPressed)
    assert pressed.action == "ticket:open:1"
    assert isinstance(sent, FormSent)
    assert (sent.form, sent.values) == ("paid:1", {"product": "Theme"})
    assert isinstance(edited, MessageEdited)
    assert edited.text == "Better"


def test_nul_and_half_characters_are_cleaned() -> None:
    event = event_of(type="write", text="a\0b\ud800c\U0001f3abd")
    assert isinstance(event, MessagePosted)
    assert event.text == "ab\ufffdc\U0001f3abd"
    event.text.encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "malformed"),
        ("nonsense", "malformed"),
        ("[]", "malformed"),
        ("{}", "malformed"),
        ("[" * 60_000, "malformed"),
        ('{"type": ' + "1" * 5000 + "}", "malformed"),
        ('{"type": "\\ud800"}', "malformed"),
        ('{"type": "shout", "channel": "support", "text": "x"}', "malformed"),
        ('{"type": "write", "text": "x"}', "malformed"),
        ('{"type": "write", "channel": "support", "text": 7}', "malformed"),
        ('{"type": "write", "channel": "support", "text": "x", "id": "<script>"}', "malformed"),
        ('{"type": "write", "channel": "support", "text": " \\n "}', "empty"),
        ('{"type": "write", "channel": "support", "text": "\\u0000"}', "empty"),
        ('{"type": "pick", "message": "1", "wish": "everything"}', "malformed"),
        (json.dumps({"type": "press", "channel": "support", "action": "x" * 101}), "malformed"),
        (json.dumps({"type": "write", "channel": "support", "text": "x" * (MAX_TEXT + 1)}), "too_long"),
        (json.dumps({"type": "fill", "channel": "s", "form": "f", "values": {"a": "x" * (MAX_TEXT + 1)}}), "too_long"),
        (json.dumps({"type": "fill", "channel": "s", "form": "f", "values": MANY}), "malformed"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused(data: str, reason: str) -> None:
    with pytest.raises(NotTaken) as refused:
        read(data)
    assert refused.value.reason == reason


def test_the_longest_text_is_taken() -> None:
    assert isinstance(event_of(type="write", text="x" * MAX_TEXT), MessagePosted)
