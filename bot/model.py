"""The words of the product, as plain data. Platforms, the desk and the store all speak them.

What a platform tells us is an `Event`; what the desk answers privately is a `Reply`; what we owe the world
afterwards is an `Effect`. All are frozen, hold no connection, and mean the same on every platform.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import Discriminator

# --- people and places -------------------------------------------------------------------------------


class Language(StrEnum):
    """The languages in which the product speaks. The policy's original is German."""

    DE = "de"
    EN = "en"

    @classmethod
    def of_locale(cls, locale: str | None) -> Language | None:
        """The language of a platform's locale ("de-AT", "en_US"); None if we do not speak it."""
        tag = (locale or "").replace("_", "-").split("-")[0].lower()
        return cls(tag) if tag in {"de", "en"} else None


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, as the platform vouches for them at this moment; roles are never taken from our own store."""

    id: str
    name: str
    locale: str | None = None
    roles: frozenset[str] = frozenset()
    is_admin: bool = False
    """May manage the whole server on the platform; such a person counts as a moderator."""


# --- coverage ----------------------------------------------------------------------------------------


class Ruling(StrEnum):
    """What the policy says about a kind of request."""

    COVERED = "covered"
    NOT_COVERED = "not_covered"
    PAID = "paid"
    PROCESS = "process"
    NOT_IN_POLICY = "not_in_policy"
    """Support-like, but the policy says nothing about it (refunds, licences, prices, log-ins)."""
    SILENCE = "silence"
    """Small talk."""


QUIET = frozenset({Ruling.SILENCE, Ruling.NOT_IN_POLICY})
"""Rulings of which the policy itself says nothing."""


class Action(StrEnum):
    """What the bot may do with a verdict: answer it, only offer a ticket, or stay silent."""

    ANSWER = "answer"
    OFFER = "offer"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says about one message, and how sure we are of it."""

    language: Language
    """The message's language, as guessed from its words."""
    action: Action
    confidence: float = 0.0
    """Calibrated probability, 0 to 1, that the ruling is right."""
    category: str | None = None
    """Id of the best category of the policy, also when the action is not to answer; None without any candidate."""
    ruling: Ruling | None = None
    excerpt: str | None = None
    """The part of the message that decided: all of a short message, one sentence of a long one."""
    if_waiting: Verdict | None = None
    """The verdict for somebody who has a waiting ticket ("still nothing?"); None if it is the same."""
    is_unsure: bool = False
    """Whether a closer look, which takes longer, may tell better; never without the extra `semantic`."""


# --- the desk ----------------------------------------------------------------------------------------


class TicketState(StrEnum):
    """Where a ticket is in its life."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    CLOSED = "closed"


class Notice(StrEnum):
    """How far a ticket without an answer has gone beyond what was promised; each step is told once."""

    LATE = "late"
    """The soft end has passed: the customer was asked for patience, the agents were told."""
    URGENT = "urgent"
    """The hard end is near: agents see the ticket marked, at the place that it had."""
    BROKEN = "broken"
    """The hard end has passed: the customer got an apology, the agents an alert."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A customer's request with a number of its own per server."""

    server: str
    number: int
    state: TicketState
    customer: str
    customer_name: str
    language: Language
    channel: str
    message: str | None
    """The customer's message that it came from; None if it came from a command or form."""
    thread: str | None
    """Where it is talked about; None until the platform has told."""
    lane: str
    """The outbox lane of its conversation."""
    text: str
    category: str | None
    ruling: Ruling | None
    policy_version: str
    place_order: int
    """Its place in the line: the platform's time of the request (`Event.order`)."""
    opened_at: datetime
    asked_at: datetime
    """From when the promise counts: the opening, or the latest reopening."""
    soft_due: datetime
    hard_due: datetime
    agent: str | None = None
    agent_name: str | None = None
    claimed_at: datetime | None = None
    first_answer_at: datetime | None = None
    last_spoke: str | None = None
    last_spoke_at: datetime | None = None
    closed_at: datetime | None = None
    text_order: int = 0
    """Which version of the opening message `text` is: the order of its latest edit."""
    added: str = ""
    """What the customer has added by the button under a later message."""
    is_private: bool = False
    """Whether only the customer and the agents can read its thread."""
    owed_since: datetime | None = None
    """Since when the customer waits for a word of ours; None while it is their turn."""
    notice: Notice | None = None
    """The last step beyond the promise that was told."""
    noticed_at: datetime | None = None
    returns_at: datetime | None = None
    """When it goes back into the line, as its agent was told, unless they say a word."""
    closes_at: datetime | None = None
    """When it is closed, as its customer was told who is silent, unless they say a word."""
    wake_at: datetime | None = None
    """When the ticket next needs us, if nothing happens before."""

    @property
    def words(self) -> str:
        """All that the customer has asked for."""
        return f"{self.text}\n\n{self.added}" if self.added else self.text


class Mode(StrEnum):
    """How freely the bot speaks in a support channel."""

    AUTO = "auto"
    """Answers, and opens tickets for covered requests at once."""
    ASK = "ask"
    """Answers, but opens a ticket only when somebody presses the button."""
    QUIET = "quiet"
    """Commands only."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Days on which nobody is there, the last one included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class SupportHours:
    """When a server's agents are there."""

    zone: str = "Europe/Berlin"
    """Name of the time zone in the IANA database."""
    week: str = "Mo-Fr 09:00-17:00"
    """The weekly hours, in the form of OpenStreetMap's key opening_hours."""
    country: str | None = None
    """Whose public holidays are kept: an ISO 3166-1 code such as "DE"."""
    region: str | None = None
    """The part of the country, as its holidays are listed: "BY"."""
    absences: tuple[Absence, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server has decided in `/setup`."""

    language: Language = Language.DE
    formal: bool = True
    """Whether German says Sie (True) or du (False)."""
    support: Mapping[str, Mode] = field(default_factory=dict)
    """The support channels and how the bot behaves in each."""
    agents_channel: str | None = None
    sales_channel: str | None = None
    agent_roles: frozenset[str] = frozenset()
    moderator_roles: frozenset[str] = frozenset()
    open_limit: int = 3
    """Most tickets that one customer may have open at a time."""
    hourly_limit: int = 5
    """Most tickets that one customer may open within an hour."""
    reopen_days: int = 7
    """How long after closing a customer's new words open the same ticket again; later they are offered a new one."""
    retention_days: int = 90
    """How long we keep what customers wrote: answered messages, lessons, and tickets after their end."""
    hours: SupportHours | None = None
    """When agents are there; None is around the clock."""
    promise_in_hours: bool = False
    """Whether the promise counts only the hours in which agents are there."""
    soft_hours: int = 24
    hard_hours: int = 48
    """Between so many hours after the request the first answer normally comes: the policy's "24 to 48 hours"."""
    reminder_hours: int = 8
    """After so many support hours without a word, the agent of a ticket is reminded; after as many again, it goes back
    into the line."""
    nudge_days: int = 3
    """After so many days of silence upon an answer, the customer is asked once whether anything is left to do."""
    close_days: int = 4
    """So many days after that question, the ticket is closed."""


class Refusal(Exception):  # noqa: N818 (it is an answer, not an error)
    """The desk politely says no; the transaction is undone and the person reads why."""

    def __init__(self, key: str, **values: Value) -> None:
        super().__init__(key)
        self.text = Text(key, values)


# --- what a message of ours is made of ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mention:
    """A person who is addressed; on platforms where a mention adds somebody to a thread, it does."""

    person: str
    is_called: bool = True
    """False only names them, for others to find."""
    kind: Literal["mention"] = "mention"


@dataclass(frozen=True, slots=True)
class ThreadLink:
    """A link to a thread."""

    channel: str
    thread: str
    kind: Literal["thread"] = "thread"


@dataclass(frozen=True, slots=True)
class ChannelLink:
    """A link to a channel."""

    channel: str
    kind: Literal["channel"] = "channel"


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of some roles."""

    roles: tuple[str, ...]
    is_called: bool = False
    """Whether all who have them are notified."""
    kind: Literal["roles"] = "roles"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, told to each reader in their own zone where the platform can."""

    at: datetime
    kind: Literal["moment"] = "moment"


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of time, told in words."""

    span: timedelta
    kind: Literal["duration"] = "duration"


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence of the message catalogue, by its key; put into words only when it is sent."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    kind: Literal["text"] = "text"


Link = Mention | ThreadLink | ChannelLink | Roles
"""Somebody or something on the platform, written the way it writes them."""

Value = str | int | Annotated[Link | Moment | Duration | Text, Discriminator("kind")]
"""What can stand in a sentence. A plain `str` is somebody else's words: adapters escape it."""

Words = Text | str
"""A catalogue sentence, or words that are already in their language (the policy's, a customer's)."""


class BlockKind(StrEnum):
    """How a block of a message is set."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    QUOTE = "quote"
    ITEM = "item"
    NOTE = "note"
    """Small print under an answer."""


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, paragraph, quotation, list item or note."""

    kind: BlockKind
    words: Words


class ButtonStyle(StrEnum):
    """How a button looks: the expected next step, an ordinary one, or one that ends something."""

    PRIMARY = "primary"
    PLAIN = "plain"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A stateless button: all it needs to be understood later stands in `action` (at most 100 characters)."""

    action: str
    label: Text
    style: ButtonStyle = ButtonStyle.PLAIN
    for_staff: bool = False
    """Of use to agents and moderators only; hidden from customers where a platform can. The core checks anyway."""


@dataclass(frozen=True, slots=True)
class Content:
    """A whole message of ours, in the language of the person it is for."""

    language: Language
    blocks: tuple[Block, ...]
    buttons: tuple[Button, ...] = ()
    ruling: Ruling | None = None
    """Gives the message its colour."""
    formal: bool = True
    """Whether German says Sie (True) or du (False)."""


class FieldKind(StrEnum):
    """What a form asks for."""

    LINE = "line"
    PARAGRAPH = "paragraph"
    NUMBER = "number"
    CHOICE = "choice"
    CHANNEL = "channel"
    CHANNELS = "channels"
    ROLES = "roles"
    FILE = "file"
    """A text file; its content is the answer."""


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form."""

    name: str
    label: Text
    kind: FieldKind = FieldKind.LINE
    required: bool = True
    limit: int = 200
    """Longest answer, in characters; the core checks it again."""
    value: str = ""
    """What stands there already; several channels or roles are separated by spaces."""
    choices: tuple[tuple[str, Text], ...] = ()
    """(value, label) pairs of a CHOICE."""


@dataclass(frozen=True, slots=True)
class Form:
    """Some questions asked at once (a modal). At most five fields, because Discord takes no more."""

    name: str
    """Comes back with the answers; stateless like a button's action."""
    title: Text
    fields: tuple[Field, ...]
    language: Language
    formal: bool = True


# --- events: what a platform tells us ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened on a platform."""

    key: str
    """The platform's own id of this event within the server: the same event told twice has the same key."""
    server: str
    """Id of the server (Discord guild, Slack workspace, playground): the tenant."""
    channel: str
    """The channel; for something in a thread, the channel that the thread hangs in."""
    thread: str | None = None
    order: int
    """When the PLATFORM received it, as a sortable number of its own (a snowflake, a ts in microseconds)."""
    at: datetime
    """The same moment as aware UTC time."""
    is_direct: bool = False
    """Whether it happened where only this person and the bot talk: there the bot always listens, and all is private."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePosted(Event):
    """A person wrote. A thread started from a message has that message's id on every platform we serve."""

    person: Person
    message: str
    text: str
    is_to_us: bool = False
    """Whether the bot is mentioned: then it answers in any channel, and never with silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited(Event):
    """A person changed what they wrote; `text` is the whole new text."""

    message: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted(Event):
    """A message is gone. Platforms do not say who removed it."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerJoined(Event):
    """The bot was added to a server that speaks `locale`; `channel` is a good place to say hello, or empty."""

    locale: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLeft(Event):
    """The bot was removed from a server, or the server is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceGone(Event):
    """The channel, or only the thread in it, was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonBanned(Event):
    """Somebody may not come back to the server."""

    banned: str
    """The person's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeft(Event):
    """Somebody who has claimed tickets has left the server, or is no agent any more."""

    agent: str
    """The person's id."""


class Wish(StrEnum):
    """What somebody wants to be done with a message that they picked."""

    COVERED = "covered"
    TICKET = "ticket"
    PRIVATE_TICKET = "private"
    CLAIM = "claim"
    """An agent takes the ticket that the message belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePicked(Event):
    """A person picked a message, their own or somebody else's, from a menu."""

    person: Person
    wish: Wish
    message: str
    author: Person
    text: str
    is_sign: bool = False
    """Whether it was picked by a mere sign (a reaction): where it means nothing, nobody is told so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandUsed(Event):
    """A slash command: its name without the slash, and everything typed behind it."""

    person: Person
    name: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPressed(Event):
    """A button of ours, with the action it carried; it may be old, or forged."""

    person: Person
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSent(Event):
    """A form of ours, filled in; it may be old, or forged."""

    person: Person
    form: str
    values: Mapping[str, str]


# --- replies and effects: what we say ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class File:
    """A file to download, or a picture (.png) to look at."""

    name: str
    data: bytes
    about: str = ""
    """What a picture shows, for those who cannot see it; in the reader's language."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The private answer to a command, button or form: something to read, perhaps with a file, or a form to fill in."""

    content: Content | None = None
    form: Form | None = None
    file: File | None = None
    is_refusal: bool = False
    """Nothing was done, and the content says why: where a platform can, what was typed stays there to be mended."""
    is_public: bool = False
    """Everybody in the place where it was asked for may read it, too: the last words in a thread, a posted picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenThread:
    """Start a thread under `message`, or, where there is none, under a message of ours that says `opening`.

    A private one hangs under no message: only who is mentioned in it, and who may manage threads, can read it.

    `Done.thread` tells what it became. Later effects may not know it: they name their ticket, and the outbox fills in
    the thread when it sends them.
    """

    server: str
    channel: str
    message: str | None
    name: str
    """The thread's title: at most 100 characters."""
    opening: Content | None = None
    is_private: bool = False
    person: str | None = None
    """Whose private thread it is, where the platform needs to know."""
    meanwhile: Content | None = None
    """What the asker reads in the channel if the thread takes its time, or cannot be."""
    kind: Literal["open_thread"] = "open_thread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Post a message in a channel or thread, or, with `replaces`, edit the one that we posted before.

    `Done.message` tells the message's id.
    """

    server: str
    channel: str
    thread: str | None = None
    content: Content
    replaces: str | None = None
    answers: str | None = None
    """A message in the same place that this is shown as the answer to."""
    under: str | None = None
    """The name of a post of ours in whose thread this is said; the outbox fills in the thread."""
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseThread:
    """Archive a thread without locking it: whoever writes there again opens it again."""

    server: str
    channel: str
    thread: str | None
    kind: Literal["close_thread"] = "close_thread"


Effect = Annotated[OpenThread | Say | CloseThread, Discriminator("kind")]


@dataclass(frozen=True, slots=True)
class Done:
    """The platform did it. Ids that only the platform could know flow back here."""

    message: str | None = None
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Not now (throttled, down); `wait` is the platform's own demand, None leaves it to our back-off."""

    reason: str
    wait: timedelta | None = None
    is_untouched: bool = False
    """Whether nothing was changed on the platform, though it may have been asked. Such an attempt does not count, so
    our back-off would not grow: say how long to wait."""


@dataclass(frozen=True, slots=True)
class Never:
    """Not possible any more (channel gone, permission lost); trying again would be wrong."""

    reason: str
    is_fault: bool = True
    """Whether an operator should hear of it; not so where the person took back what we wanted to answer."""


Outcome = Done | Later | Never


class Listener(Protocol):
    """What a chat may ask of the desk."""

    async def handle(self, event: Event) -> Reply | None:
        """Do what an event asks for. When this returns, it is on the disk; a private reply comes back."""

    def servers(self) -> Collection[str]:
        """The servers that were told of (`ServerJoined`) and have not left, of all platforms."""

    def hears(self, server: str, channel: str) -> bool:
        """Whether messages in this channel are the desk's business."""

    def heard_in(self, server: str) -> Collection[str]:
        """The channels in which messages are the desk's business."""

    async def heard_until(self, server: str) -> int | None:
        """The order up to which everything in the server has been told; None if nothing was noted yet."""

    async def note_heard(self, server: str, order: int) -> None:
        """Note that everything in the server up to this order has been told."""

    async def kept(self, server: str, name: str) -> str | None:
        """What a chat has kept with us under this name."""

    async def all_kept(self, prefix: str, name: str) -> Mapping[str, str]:
        """By server: what the chat of this prefix has kept under this name."""

    async def keep(self, server: str, name: str, words: str) -> None:
        """Keep something that a chat needs to know again after a restart; secrets only encrypted."""

    async def drop(self, server: str, name: str) -> bool:
        """Keep it no longer. True for the one caller for whom it was still there."""

    @property
    def has_company(self) -> bool:
        """Whether other workers may serve the same servers."""
        return False

    async def lease(self, name: str, span: timedelta) -> bool:
        """Have something that one worker at a time may have, for so long from now; again, to have it longer."""
        del name, span
        return True

    async def unlease(self, name: str) -> None:
        """Let others have it."""
        del name

    async def wait_turn(self, name: str, rate: float, most: int, count: int = 1) -> timedelta:
        """Take `count` of a limit that all workers share (`rate` a second, `most` at once).

        Zero: they are ours. Else none is, and this is how long to wait before asking again.
        """
        del name, rate, most, count
        return timedelta(0)


class Chat(Protocol):
    """A platform. It only translates; it decides nothing and stores nothing of the desk's."""

    async def run(self, desk: Listener) -> None:
        """Connect, and hand every event to the desk, until cancelled."""

    has_cards: bool = False
    """Whether each ticket has a card of its own in the agents' channel, edited in place, instead of one board for all.
    Then the customer's receipt is edited, too, where other platforms say something new, and every message is a thread
    by itself, which nobody has to open."""

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Do one effect. The same nonce twice means the same effect again: do it once where the platform can tell.

        From the second attempt on, an earlier one may have done it and died before it could say so.
        """

    async def member(self, server: str, person: str) -> Person | None:
        """Somebody as the platform knows them now; None who has left. Raises OSError when it cannot tell."""

    def serves(self, server: str) -> bool:
        """Whether this worker is the one that serves it, where workers have shared the servers out."""
        del server
        return True

    def misses_nothing(self, server: str) -> bool:
        """Whether all that was said there until now has been told; while not, nobody may be taken for silent."""
        del server
        return True

    def lacks(self, server: str, settings: ServerSettings) -> Sequence[Text]:
        """What the platform keeps the bot from doing there, as these settings are; one sentence each."""
        del server, settings
        return ()
