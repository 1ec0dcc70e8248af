"""What a browser says (one JSON object a frame), and the Event that it becomes."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from adapters.web_chat.people import AGENTS, BOT_NAME, PLAYERS, SERVER, Part
from adapters.web_chat.rooms import Message, moment_of
from bot.model import (
    ButtonPressed,
    CommandUsed,
    Event,
    FormSent,
    MessageDeleted,
    MessageEdited,
    MessagePicked,
    MessagePosted,
    Person,
    ServerJoined,
    Wish,
)

MAX_TEXT = 10_000
"""Longest text of a message or of a form's field, in characters."""

MAX_FILE = 3_000_000
"""Longest text file in a form, in characters."""

_MENTION = re.compile("@({})".format("|".join(player.person.name for player in PLAYERS.values())), re.IGNORECASE)
_TO_US = re.compile(rf"(?<!\w)@{BOT_NAME}\b[,:]?\s*", re.IGNORECASE)  # no mail address
_COMMAND = re.compile(r"/([A-Za-z][\w-]{0,31})(?:\s+(.*))?", re.DOTALL)


class NotTaken(Exception):  # noqa: N818 (an answer, not an error)
    """A frame that is not taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """Its name; the page has the sentence."""


def clean(words: object) -> object:
    """Take out what no text may hold: NUL, and halves of surrogate pairs (which no file can store)."""
    if not isinstance(words, str):
        return words
    return words.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _at_most(limit: int, reason: str) -> BeforeValidator:
    def cleaned(words: object) -> object:
        words = clean(words)
        if isinstance(words, str) and len(words) > limit:
            raise NotTaken(reason)  # no ValueError, so it leaves the validation as itself
        return words

    return BeforeValidator(cleaned)


_Short = Annotated[str, BeforeValidator(clean), Field(max_length=100)]
_Long = Annotated[str, _at_most(MAX_TEXT, "too_long")]
_Content = Annotated[str, _at_most(MAX_FILE, "too_large")]


class _Frame(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(default="", pattern=r"^[\w-]{8,64}$")
    """The browser's own id of this action: told again after a lost connection, it is still the same action."""


class _Placed(_Frame):
    channel: _Short
    thread: _Short | None = None


class Write(_Placed):
    """Text typed into the composer: a message, or a slash command."""

    type: Literal["write"]
    text: _Long


class Edit(_Frame):
    """A new text for an own message."""

    type: Literal["edit"]
    message: _Short
    text: _Long


class Delete(_Frame):
    """An own message is to go."""

    type: Literal["delete"]
    message: _Short


class Pick(_Frame):
    """Something to do with a message of somebody's, chosen from its menu."""

    type: Literal["pick"]
    message: _Short
    wish: Wish


class Press(_Placed):
    """A button of ours."""

    type: Literal["press"]
    action: _Short


class Fill(_Placed):
    """A form of ours, filled in."""

    type: Literal["fill"]
    form: _Short
    values: Annotated[dict[_Short, _Long], Field(max_length=10)]
    files: Annotated[dict[_Short, _Content], Field(max_length=1)] = {}
    """What stands in the files, by the names of their fields."""


class Look(_Frame):
    """Please tell me a thread's messages."""

    type: Literal["look"]
    channel: _Short
    thread: _Short


class Saw(_Frame):
    """I have read a channel or thread up to this message."""

    type: Literal["saw"]
    place: _Short
    message: _Short


Frame = Write | Edit | Delete | Pick | Press | Fill | Look | Saw
_FRAME: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


def read(data: str) -> Frame:
    """Understand one frame, or raise NotTaken."""
    try:
        frame = _FRAME.validate_python(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise NotTaken("malformed") from error
    if isinstance(frame, Write | Edit) and not frame.text.strip():
        raise NotTaken("empty")
    return frame


def command_in(text: str) -> tuple[str, str] | None:
    """The name and the words of a slash command; None for an ordinary message ("/var/log/..." is one)."""
    found = _COMMAND.fullmatch(text.strip())
    return (found[1].lower(), (found[2] or "").strip()) if found else None


def _by_id(mention: re.Match[str]) -> str:
    """Commands get mentions as ids, as from any platform: people type names."""
    return f"<@{mention[1].lower()}>"


def key_of(frame: Frame, person: Person, stamp: str) -> str:
    """The event's key: nobody can use up somebody else's, because it begins with who acted."""
    return f"{person.id}:{frame.id or stamp}"


def to_event(
    frame: Write | Edit | Delete | Press | Fill, person: Person, channel: str, thread: str | None, stamp: str
) -> Event:
    """Translate. `stamp` is the platform's moment of it, and, of a posted message, its id."""
    told: dict[str, Any] = {
        "key": key_of(frame, person, stamp),
        "server": SERVER,
        "channel": channel,
        "thread": thread,
        "order": int(stamp),
        "at": moment_of(stamp),
    }
    match frame:
        case Write(text=text):
            command = command_in(text)
            if command is None:
                words, is_to_us = _without_call(text), _is_to_us(text)
                return MessagePosted(**told, person=person, message=stamp, text=words, is_to_us=is_to_us)
            name, words = command
            return CommandUsed(**told, person=person, name=name, words=_MENTION.sub(_by_id, words))
        case Edit(message=message, text=text):
            return MessageEdited(**told, message=message, text=_without_call(text))
        case Delete(message=message):
            return MessageDeleted(**told, message=message)
        case Press(action=action):
            return ButtonPressed(**told, person=person, action=action)
        case Fill(form=form, values=values, files=files):
            return FormSent(**told, person=person, form=form, values=values | files)


def to_pick(frame: Pick, person: Person, picked: Message, stamp: str) -> MessagePicked:
    """Translate. `picked` is a message of a person's."""
    return MessagePicked(
        key=key_of(frame, person, stamp),
        server=SERVER,
        channel=picked.channel,
        thread=picked.thread,
        order=int(stamp),
        at=moment_of(stamp),
        person=person,
        wish=frame.wish,
        message=picked.id,
        author=PLAYERS[picked.author].person,
        text=_without_call(picked.text or ""),
    )


def told_again(message: Message) -> MessagePosted:
    """A message that is in the rooms already; the desk knows by its id whether it has had it."""
    return MessagePosted(
        key=f"again:{message.id}",
        server=SERVER,
        channel=message.channel,
        thread=message.thread,
        order=int(message.id),
        at=moment_of(message.id),
        person=PLAYERS[message.author].person,
        message=message.id,
        text=_without_call(message.text or ""),
        is_to_us=_is_to_us(message.text or ""),
    )


def _is_to_us(text: str) -> bool:
    return _TO_US.search(text) is not None


def _without_call(text: str) -> str:
    """What is left to be understood: that it is to us is told apart from the words."""
    return _TO_US.sub("", text).strip() if _is_to_us(text) else text


def moving_in(stamp: str) -> tuple[Event, ...]:
    """What a fresh playground tells: the bot was added, and the moderator filled in its form for set-up."""
    told: dict[str, Any] = {"server": SERVER, "order": int(stamp), "at": moment_of(stamp)}
    places = {"support": "support", "agents": AGENTS, "sales": "sales"}
    roles = {"agent_roles": str(Part.AGENT), "moderator_roles": str(Part.MODERATOR)}
    moderator = next(player.person for player in PLAYERS.values() if player.part is Part.MODERATOR)
    return (
        ServerJoined(**told, key="joined", channel="", locale="en"),
        FormSent(**told, key="set up", channel=AGENTS, person=moderator, form="setup", values=places | roles),
    )
