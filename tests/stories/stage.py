"""Plays a story on the real desk: people act, the bot's words are compared, and the dialogue is written down."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.coverage.matcher import Matcher
from bot.model import (
    Content,
    FieldKind,
    Form,
    Language,
    Later,
    Never,
    Person,
    PersonBanned,
    PlaceGone,
    Reply,
    Say,
    ServerLeft,
    Ticket,
    Wish,
)
from bot.store import queries
from bot.texts import say, text
from tests.doubles.paper_chat import Message, PlainMarkup, label, plain
from tests.doubles.world import PEOPLE, World, open_world
from tests.stories.reading import Step, Story, StoryError, Told

CAST = PEOPLE | {
    "Lena": Person("lena", "Lena", "de"),
    "Paul": Person("paul", "Paul", "en"),
    "Kim": Person("kim", "Kim"),
}
"""Emma and Paul read English, Jonas and Lena German, Kim's language is unknown: all customers. Aylin (German) and Tom
(English) are agents, Marek (German) is the moderator."""
CHANNELS = {"support", "help", "general", "agents", "sales"}
"""Where people can write; `support` and `help` are the support channels."""
_CATCHING_UP = timedelta(minutes=6)
"""After so long every effect has been tried again: the longest back-off is shorter."""


class StoryFailedError(AssertionError):
    """The bot did something else than the story tells."""


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, or a thread that hangs in it."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A message of a person's in a channel, as it reads now."""

    id: str
    place: Place
    words: str


@dataclass(frozen=True, slots=True)
class Private:
    """What one person alone got to see, and where."""

    reply: Reply | None
    place: Place


@asynccontextmanager
async def open_stage(url: str, matcher: Matcher, story: Story) -> AsyncIterator[Stage]:
    """A stage on an empty database that has the schema."""
    async with AsyncExitStack() as doors:
        world = await doors.enter_async_context(open_world(url, matcher, set_up=story.is_set_up))
        world.chat.people = {person.id: person for person in CAST.values()}
        stage = Stage(url, matcher, world, doors)
        try:
            yield stage
        finally:
            await stage.doors.aclose()


@dataclass
class Stage:
    """The world, and what its people have written and read so far."""

    url: str
    matcher: Matcher
    world: World
    doors: AsyncExitStack
    cast: dict[str, Person] = field(default_factory=lambda: dict(CAST))
    """Who is on the server, by name, with the roles that they have now."""
    dialogue: list[str] = field(default_factory=list)
    """All that was done and said, readable."""
    _written: dict[str, list[Written]] = field(default_factory=dict)
    """Messages in channels by person, oldest first."""
    _newest: Place | None = None
    """The thread under the newest message in a channel."""
    _private: dict[str, list[Private]] = field(default_factory=dict)
    _old: int = 0
    """How many of the bot's messages are older than the last act."""
    _read: dict[Place, int] = field(default_factory=dict)
    """How many of the newer ones in a place the story has looked at."""

    async def play(self, step: Step) -> None:
        """One step. Raises StoryFailedError, or StoryError for a step that there is not."""
        for pattern, kind, play in _STEPS:
            found = re.fullmatch(pattern, step.words)
            if found and (step.told is None if kind is None else isinstance(step.told, kind)):
                if play not in _LOOKS:
                    self._note(f"{self.world.now:%d %H:%M}  {step}")
                try:
                    await play(self, found.groupdict(), step.told or "")
                except LookupError as error:
                    raise StoryError(step.line, str(error.args[0])) from error
                return
        raise StoryError(step.line, f"there is no such step (see tests/stories/README.md): {step}")

    def _note(self, line: str) -> None:
        self.dialogue.append(line)

    # --- what people do ----------------------------------------------------------------------------

    async def writes(self, names: dict[str, str], told: Told) -> None:
        """A message, or a command if it begins with a slash."""
        person = self._person(names)
        words = str(told)
        place = await self._place(names) or _usual_place(person)
        async with self._act():
            if words.startswith("/"):
                await self._commands(person, words, place)
            else:
                await self._posts(person, words, place)

    async def calls(self, names: dict[str, str], told: Told) -> None:
        """A message that mentions the bot."""
        person = self._person(names)
        place = await self._place(names) or _usual_place(person)
        async with self._act():
            await self._posts(person, str(told), place, is_to_us=True)

    async def picks(self, names: dict[str, str], told: Told) -> None:
        """The newest message of somebody's in a channel, and from its menu what stands behind the colon."""
        person = self._person(names)
        author = self._person({"who": names["whose"] or person.name})
        written = self._last_written({"who": author.name})
        language = Language.of_locale(person.locale) or Language.DE
        menu = {say(text(f"menu-{wish}"), language, PlainMarkup()): wish for wish in Wish}
        if told not in menu:
            raise LookupError(f"the menu of a message has: {', '.join(menu)}")
        async with self._act():
            channel = written.place.channel
            reply = await self.world.pick(person, written.id, author, written.words, menu[told], channel=channel)
            self._tell(person, reply, Place(channel))

    async def both_command(self, names: dict[str, str], told: Told) -> None:
        """Two people use a command at the same moment."""
        async with self._act():
            place = Place("agents")
            one, other = self._person(names), self._person({"who": names["other"]})
            await asyncio.gather(*(self._commands(person, str(told), place) for person in (one, other)))

    async def presses(self, names: dict[str, str], told: Told) -> None:
        """A button that this person can see, by what stands on it: the newest one."""
        person = self._person(names)
        action, place = self._button(person, str(told), await self._place(names))
        async with self._act():
            reply = await self.world.press(person, action, channel=place.channel, thread=place.thread)
            self._tell(person, reply, place)

    async def forges_button(self, names: dict[str, str], told: Told) -> None:
        """A button that the bot never made, by the action that it carries."""
        person = self._person(names)
        async with self._act():
            self._tell(person, await self.world.press(person, str(told)), Place("support"))

    async def forges_form(self, names: dict[str, str], told: Told) -> None:
        """A form that this person was never given."""
        person = self._person(names)
        async with self._act():
            values = {name: str(value) for name, value in _answers(told).items()}
            self._tell(person, await self.world.send(person, names["form"], values), Place("support"))

    async def fills_in(self, names: dict[str, str], told: Told) -> None:
        """The form that this person has just been given; what is not told stays as it was."""
        person = self._person(names)
        private = self._last_private(person)
        form = private.reply.form if private.reply else None
        if form is None:
            self._fail(f"{person.name} has no form to fill in")
            return
        given = _answers(told)
        values = {part.name: part.value for part in form.fields}
        for part in form.fields:
            asked = _label(form, part.label)
            if asked in given:
                answer = str(given.pop(asked))
                choices = {_label(form, words): value for value, words in part.choices}
                values[part.name] = choices.get(answer, answer) if part.kind is FieldKind.CHOICE else answer
        if given:
            raise LookupError(f"the form does not ask for: {', '.join(given)}")
        async with self._act():
            place = private.place
            reply = await self.world.send(person, form.name, values, channel=place.channel, thread=place.thread)
            self._tell(person, reply, place)

    async def edits(self, names: dict[str, str], told: Told) -> None:
        """The person's newest message in a channel gets a new text."""
        written = self._last_written(names)
        self._written[names["who"]][-1] = replace(written, words=str(told))
        async with self._act():
            await self.world.edit(written.id, str(told), channel=written.place.channel)

    async def deletes(self, names: dict[str, str], _: Told) -> None:
        """The person's newest message in a channel is deleted."""
        written = self._last_written(names)
        async with self._act():
            await self.world.delete(written.id, channel=written.place.channel)

    # --- what happens --------------------------------------------------------------------------------

    async def time_passes(self, names: dict[str, str], _: Told) -> None:
        """Nobody does anything for a while."""
        async with self._act():
            await self.world.live(timedelta(**{names["unit"] + "s": int(names["count"])}))

    async def has_answered(self, names: dict[str, str], _: Told) -> None:
        """A past from which the pace can be told: requests of passers-by, each answered and closed after a while."""
        agent, world = self._person(names), self.world
        every, within = (timedelta(hours=int(names[unit])) for unit in ("every", "within"))
        async with self._act():
            for number in range(timedelta(days=int(names["days"])) // every):
                await world.command(
                    Person(f"passer-by {number}", "Passer-by", "en"), f"/ticket {number} times it broke"
                )
                await world.live(within)
                await world.command(agent, "/claim", channel="agents")
                await world.deliver()
                [ticket] = await world.database.transaction(
                    lambda tx: queries.tickets_of_agent(tx, world.server, agent.id)
                )
                await world.post(agent, "This is how it works.", channel=ticket.channel, thread=ticket.thread)
                await world.command(agent, "/close", channel=ticket.channel, thread=ticket.thread)
                await world.live(every - within)

    async def restarts(self, _: dict[str, str], __: Told) -> None:
        """The bot stops, whatever it owes, and starts again on the same database."""
        await self.doors.aclose()
        self.doors = AsyncExitStack()
        world = open_world(self.url, self.matcher, before=self.world)
        self.world = await self.doors.enter_async_context(world)
        async with self._act():
            pass

    async def chat_goes(self, names: dict[str, str], _: Told) -> None:
        """The platform takes nothing more, or takes it again."""
        self.world.chat.is_down = names["way"] == "down"
        async with self._act():
            if not self.world.chat.is_down:
                self.world.pass_time(_CATCHING_UP)

    async def chat_refuses(self, _: dict[str, str], __: Told) -> None:
        """The platform will say "never" once."""
        self.world.chat.answers.append(Never("refused"))

    async def chat_refuses_thread(self, _: dict[str, str], __: Told) -> None:
        """The platform will say "never" to the next thread."""
        self.world.chat.for_threads.append(Never("refused"))

    async def chat_delays_thread(self, names: dict[str, str], _: Told) -> None:
        """The platform will ask us to try the next thread again later."""
        wait = timedelta(**{names["unit"] + "s": int(names["count"])})
        self.world.chat.for_threads.append(Later("throttled", wait))

    async def is_deleted(self, names: dict[str, str], _: Told) -> None:
        """Somebody deletes a channel with all that hangs in it, or a thread."""
        place = await self._place(names)
        if place is None or (names.get("ticket") and place.thread is None):
            raise LookupError("there is nothing to delete")
        async with self._act():
            self.world.chat.delete(place.channel, place.thread)
            await self.world.happen(PlaceGone, channel=place.channel, thread=place.thread)

    async def is_banned(self, names: dict[str, str], _: Told) -> None:
        """The person may not come back to the server."""
        async with self._act():
            await self.world.happen(PersonBanned, banned=self._person(names).id)

    async def is_no_agent(self, names: dict[str, str], _: Told) -> None:
        """Somebody loses the agents' role. No platform tells us of that by itself."""
        person = self._person(names)
        async with self._act():
            changed = replace(person, roles=person.roles - {"agent"})
            self.cast[person.name] = self.world.chat.people[person.id] = changed

    async def goes(self, names: dict[str, str], _: Told) -> None:
        """Somebody leaves the server. No platform tells us of that by itself, either."""
        person = self._person(names)
        async with self._act():
            del self.cast[person.name], self.world.chat.people[person.id]

    async def leaves(self, _: dict[str, str], __: Told) -> None:
        """The bot is removed from the server that the story plays on."""
        async with self._act():
            await self.world.happen(ServerLeft)

    async def joins(self, names: dict[str, str], _: Told) -> None:
        """The bot is added to the server that the story plays on."""
        async with self._act():
            await self.world.join(names["locale"], channel=names["channel"])

    async def moves(self, names: dict[str, str], _: Told) -> None:
        """From now on everybody is on another server."""
        self.world.server = f"paper:{names['server']}"

    # --- what the story looks at -----------------------------------------------------------------------

    async def reads(self, names: dict[str, str], told: Told) -> None:
        """The private answer to this person's last command, button or form."""
        person = self._person(names)
        private = self._last_private(person)
        if private.reply is None or private.reply.content is None:
            self._fail(f"{person.name} has nothing to read")
            return
        self._compare(private.reply.content, told)

    async def is_asked(self, names: dict[str, str], told: Told) -> None:
        """The form that this person has just been given: its title and its questions, all of them, in order."""
        person = self._person(names)
        private = self._last_private(person)
        form = private.reply.form if private.reply else None
        if form is None:
            self._fail(f"{person.name} is asked nothing")
            return
        asked = [_label(form, form.title), *(_label(form, part.label) for part in form.fields)]
        if asked != told:
            self._fail(f"{person.name} is asked: {asked}")

    async def bot_says(self, names: dict[str, str], told: Told) -> None:
        """The next message of the bot's in this place since the last act."""
        place = await self._place(names)
        new = [message for message in self._new_messages() if Place(message.channel, message.thread) == place]
        looked_at = self._read.get(place, 0) if place else 0
        if place is None or looked_at >= len(new):
            self._fail("the bot has said nothing (more) there since the last act")
            return
        self._read[place] = looked_at + 1
        self._compare(new[looked_at].content, told)

    async def bot_is_silent(self, _: dict[str, str], __: Told) -> None:
        """No word since the last act that the story has not looked at; only the board may have changed."""
        new = self._new_messages()
        if len(new) > sum(self._read.values()):
            self._fail("the bot has said:\n" + "\n".join(plain(message.content) for message in new))

    async def board_shows(self, _: dict[str, str], told: Told) -> None:
        """The board in the agents' channel, as it is now."""
        board = self._board()
        if board is None:
            self._fail("there is no board")
            return
        self._compare(board, told)

    async def thread_is(self, names: dict[str, str], _: Told) -> None:
        """Whether a thread is open or archived, and whether everybody can read it."""
        place = await self._place(names)
        thread = place.thread if place else None
        is_open = self.world.chat.threads.get(thread or "")
        told = [{True: "open", False: "archived", None: "not there"}[is_open]]
        told += ["private" if thread in self.world.chat.private else "public"]
        if names["way"] not in told:
            self._fail(f"the thread is {' and '.join(told)}")

    async def no_channel_shows(self, _: dict[str, str], told: Told) -> None:
        """What no message of the bot's in a channel has said so far, as it reads now."""
        for message in self.world.chat.messages:
            if message.thread is None and message.channel != "agents" and str(told) in plain(message.content):
                self._fail(f"it stands in {message.channel}", message.content)

    async def ticket_has(self, names: dict[str, str], told: Told) -> None:
        """What the bot has written down about a ticket."""
        ticket = await self._ticket(int(names["number"]))
        history = await self.world.database.transaction(
            lambda tx: queries.history_of(tx, self.world.server, ticket.number)
        )
        facts = _facts(ticket) | {"history": ", ".join(row["what"] for row in history)}
        facts["reasons"] = " ".join(row["detail"] for row in history)
        for name, value in _answers(told).items():
            if name not in facts:
                raise LookupError(f"a ticket has no {name}; it has {', '.join(facts)}")
            holds = str(value) in facts[name] if name in {"text", "reasons"} else value == facts[name]
            if not holds:
                self._fail(f"the ticket's {name} is: {facts[name]}")

    # --- helpers -------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _act(self) -> AsyncIterator[None]:
        """Something happens: from here on the bot's words are new. Afterwards everything owed is delivered."""
        self._old = len(self.world.chat.messages)
        self._read.clear()
        yield
        await self.world.deliver()
        for message in self._new_messages():
            where = f"thread {message.thread}" if message.thread else message.channel
            self._note_content(f"bot in {where}", message.content)

    async def _posts(self, person: Person, words: str, place: Place, *, is_to_us: bool = False) -> None:
        channel, thread = place.channel, place.thread
        message = await self.world.post(person, words, channel=channel, thread=thread, is_to_us=is_to_us)
        if thread is None:
            self._written.setdefault(person.name, []).append(Written(message, place, words))
            self._newest = Place(channel, message)

    async def _commands(self, person: Person, words: str, place: Place) -> None:
        reply = await self.world.command(person, words, channel=place.channel, thread=place.thread)
        self._tell(person, reply, place)

    def _tell(self, person: Person, reply: Reply | None, place: Place) -> None:
        if reply and reply.is_public:  # it stands where everybody reads it
            return
        self._private.setdefault(person.name, []).append(Private(reply, place))
        if reply and reply.content:
            self._note_content(f"only {person.name} reads", reply.content)
        if reply and reply.form:
            form = reply.form
            questions = ", ".join(_label(form, part.label) for part in form.fields)
            self._note(f"       {person.name} is asked: {_label(form, form.title)}: {questions}")

    def _note_content(self, where: str, content: Content) -> None:
        self._note(f"       {where}:")
        for line in _whole(content).splitlines():
            self._note(f"         | {line}")

    def _compare(self, content: Content, told: Told) -> None:
        """Every fragment must be there; a list is the row of buttons, `not` must not be there."""
        words = " ".join(plain(content).split())
        for part in told if isinstance(told, list) else [told]:
            match part:
                case str() if " ".join(part.split()) not in words:
                    self._fail(f"it does not say: {part}", content)
                case list() if part != (row := [label(button, content) for button in content.buttons]):
                    self._fail(f"the buttons are: {row}", content)
                case {"not": str(unwanted)} if unwanted in words:
                    self._fail(f"it does say: {unwanted}", content)
                case {"colour": colour} if colour != (content.ruling or "none"):
                    self._fail(f"the colour is: {content.ruling or 'none'}", content)
                case dict() if not set(part) <= {"not", "colour"}:
                    raise LookupError(f"only `not` and `colour` are possible here: {part}")

    def _fail(self, reason: str, content: Content | None = None) -> None:
        raise StoryFailedError(reason if content is None else f"{reason}\nIt says:\n{_whole(content)}")

    def _board(self) -> Content | None:
        drawings = [
            effect.content
            for nonce, effect in self.world.chat.performed
            if nonce.startswith("board:") and isinstance(effect, Say) and effect.server == self.world.server
        ]
        return drawings[-1] if drawings else None

    def _new_messages(self) -> list[Message]:
        board = self._board()
        return [message for message in self.world.chat.messages[self._old :] if message.content is not board]

    def _button(self, person: Person, words: str, place: Place | None) -> tuple[str, Place]:
        """The action and the place of the newest button with these words."""
        seen = [(message.content, Place(message.channel, message.thread)) for message in self.world.chat.messages]
        private = self._private.get(person.name, [])
        seen += [(told.reply.content, told.place) for told in private if told.reply and told.reply.content]
        for content, where in reversed(seen):
            for button in content.buttons if place in {None, where} else ():
                if label(button, content) == words:
                    return button.action, where
        raise LookupError(f"nowhere stands a button [{words}]")

    def _last_private(self, person: Person) -> Private:
        private = self._private.get(person.name)
        if not private:
            raise LookupError(f"{person.name} has used no command, button or form yet")
        return private[-1]

    def _last_written(self, names: dict[str, str]) -> Written:
        name = self._person(names).name
        if name not in self._written:
            raise LookupError(f"{name} has written nothing in a channel yet")
        return self._written[name][-1]

    def _person(self, names: dict[str, str]) -> Person:
        name = names["who"]
        if name not in self.cast:
            raise LookupError(f"there is no {name} in the cast: {', '.join(self.cast)}")
        return self.cast[name]

    async def _place(self, names: dict[str, str]) -> Place | None:
        if number := names.get("ticket"):
            ticket = await self._ticket(int(number))
            return Place(ticket.channel, ticket.thread)
        if names.get("whose"):
            written = self._last_written({"who": names["whose"]})
            return Place(written.place.channel, written.id)
        channel = names.get("channel")
        if channel == "thread":
            if self._newest is None:
                raise LookupError("nobody has written in a channel yet")
            return self._newest
        if channel is not None and channel not in CHANNELS:
            raise LookupError(f"there is no channel {channel}; there are {', '.join(sorted(CHANNELS))}")
        return Place(channel) if channel else None

    async def _ticket(self, number: int) -> Ticket:
        server = self.world.server
        ticket = await self.world.database.transaction(lambda tx: queries.ticket_by_number(tx, server, number))
        if ticket is None:
            raise StoryFailedError(f"there is no ticket {number}")
        return ticket


def _usual_place(person: Person) -> Place:
    return Place("agents" if person.roles else "support")


def _answers(told: Told) -> dict[str, Told]:
    return dict(told) if isinstance(told, dict) else {}


def _label(form: Form, words: object) -> str:
    return say(words, form.language, PlainMarkup(), formal=form.formal)  # type: ignore[arg-type]


def _whole(content: Content) -> str:
    """A message with its buttons."""
    row = " ".join(f"[{label(button, content)}]" for button in content.buttons)
    return f"{plain(content)}\n{row}".rstrip()


def _facts(ticket: Ticket) -> dict[str, str]:
    def moment(at: datetime | None) -> str:
        return f"{at:%Y-%m-%d %H:%M}" if at else "none"

    return {
        "state": ticket.state,
        "customer": ticket.customer_name,
        "agent": ticket.agent_name or "none",
        "language": ticket.language,
        "verdict": ticket.ruling or "none",
        "text": ticket.words,
        "soft due": moment(ticket.soft_due),
        "hard due": moment(ticket.hard_due),
        "first answer": moment(ticket.first_answer_at),
        "last spoke": ticket.last_spoke or "none",
        "private": "yes" if ticket.is_private else "no",
    }


_WHO = r"(?P<who>[A-Z]\w*)"
_PLACE = r"(?:ticket (?P<ticket>\d+)|(?P<whose>\w+)'s thread|(?P<channel>[a-z]\w*))"
_HOURS = r"(?P<within>\d+) hours?"
_MESSAGE = r"(?:her|his|their) message"
Play = Callable[[Stage, dict[str, str], Told], Awaitable[None]]
_STEPS: list[tuple[str, type | tuple[type, ...] | None, Play]] = [
    (rf"{_WHO}(?: in {_PLACE})?", str, Stage.writes),
    (rf"{_WHO} calls the bot(?: in {_PLACE})?", str, Stage.calls),
    (rf"{_WHO} picks (?:{_MESSAGE}|(?P<whose>\w+)'s message)", str, Stage.picks),
    (rf"{_WHO} and (?P<other>\w+) at once", str, Stage.both_command),
    (rf"{_WHO} presses(?: in {_PLACE})?", str, Stage.presses),
    (rf"{_WHO} forges the button", str, Stage.forges_button),
    (rf"{_WHO} forges the form (?P<form>\S+)", dict, Stage.forges_form),
    (rf"{_WHO} fills in", dict, Stage.fills_in),
    (rf"{_WHO} edits {_MESSAGE}", str, Stage.edits),
    (rf"{_WHO} deletes {_MESSAGE}", None, Stage.deletes),
    (r"(?P<count>\d+) (?P<unit>minute|hour|day)s? pass(?:es)?", None, Stage.time_passes),
    (
        rf"{_WHO} has answered a request every (?P<every>\d+) hours for (?P<days>\d+) days, each within {_HOURS}",
        None,
        Stage.has_answered,
    ),
    (r"the bot restarts", None, Stage.restarts),
    (r"the chat is (?P<way>down|back)", None, Stage.chat_goes),
    (r"the chat refuses the next message", None, Stage.chat_refuses),
    (r"the chat refuses the next thread", None, Stage.chat_refuses_thread),
    (r"the chat delays the next thread by (?P<count>\d+) (?P<unit>minute|hour)s?", None, Stage.chat_delays_thread),
    (rf"{_PLACE} is deleted", None, Stage.is_deleted),
    (rf"{_WHO} is banned", None, Stage.is_banned),
    (rf"{_WHO} is no agent any more", None, Stage.is_no_agent),
    (rf"{_WHO} leaves the server", None, Stage.goes),
    (r"the bot leaves the server", None, Stage.leaves),
    (r"the bot joins (?P<channel>\w+) of a server that speaks (?P<locale>\S+)", None, Stage.joins),
    (r"everybody goes to the server (?P<server>\w+)", None, Stage.moves),
    (rf"{_WHO} reads", (str, list), Stage.reads),
    (rf"{_WHO} is asked", list, Stage.is_asked),
    (rf"bot in {_PLACE}", (str, list), Stage.bot_says),
    (r"bot says nothing(?: more)?", None, Stage.bot_is_silent),
    (r"board", (str, list), Stage.board_shows),
    (rf"{_PLACE} is (?P<way>open|archived|private|public)", None, Stage.thread_is),
    (r"no channel shows", str, Stage.no_channel_shows),
    (r"ticket (?P<number>\d+) has", dict, Stage.ticket_has),
]
_LOOKS = {
    Stage.reads,
    Stage.is_asked,
    Stage.bot_says,
    Stage.bot_is_silent,
    Stage.board_shows,
    Stage.thread_is,
    Stage.no_channel_shows,
    Stage.ticket_has,
}
