"""A chat on paper: threads and messages are lists, and what is said becomes plain words. It dedupes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from bot import texts
from bot.model import (
    BlockKind,
    Button,
    Chat,
    CloseThread,
    Content,
    Done,
    Effect,
    Language,
    Later,
    Listener,
    Never,
    OpenThread,
    Outcome,
    Person,
    Say,
    ServerSettings,
    Text,
    ThreadLink,
)
from bot.texts import say


class PlainMarkup(texts.PlainMarkup):
    """Words without any markup, with threads and moments that a test can compare."""

    def thread(self, link: ThreadLink) -> str:
        return f"[thread {link.thread}]"

    def moment(self, at: datetime, language: Language) -> str:
        del language
        return f"{at:%Y-%m-%d %H:%M}"


_MARKUP = PlainMarkup()
_SIGNS = {BlockKind.HEADING: "# ", BlockKind.QUOTE: "> ", BlockKind.ITEM: "- ", BlockKind.NOTE: "~ "}


def plain(content: Content) -> str:
    """A message as somebody would read it aloud, one block a line."""
    return "\n".join(
        _SIGNS.get(block.kind, "") + say(block.words, content.language, _MARKUP, formal=content.formal)
        for block in content.blocks
    )


def label(button: Button, content: Content) -> str:
    """What stands on a button."""
    return say(button.label, content.language, _MARKUP, formal=content.formal)


@dataclass
class Message:
    """Something that the bot said."""

    id: str
    channel: str
    thread: str | None
    content: Content


@dataclass
class PaperChat(Chat):
    """Remembers what the desk had it do. `answers` may hold outcomes of the next effects, to play a platform's mood."""

    messages: list[Message] = field(default_factory=list)
    threads: dict[str, bool] = field(default_factory=dict)
    """Thread -> whether it is open."""
    private: set[str] = field(default_factory=set)
    """Threads that only the people mentioned in them can read."""
    gone: set[str] = field(default_factory=set)
    """Channels and threads that were deleted."""
    performed: list[tuple[str, Effect]] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)
    for_threads: list[Outcome] = field(default_factory=list)
    """Outcomes of the next threads only."""
    people: dict[str, Person] = field(default_factory=dict)
    """Who is on the server at present, by id."""
    unknown: set[str] = field(default_factory=set)
    """People for whom `member` breaks."""
    lacking: tuple[Text, ...] = ()
    """What `lacks` says."""
    asked: list[tuple[str, ServerSettings]] = field(default_factory=list)
    """For what `lacks` was asked."""
    is_deaf: bool = False
    """Whether it may have missed something."""
    has_cards: bool = False
    is_down: bool = False
    """Whether the platform takes nothing at the moment."""
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def run(self, desk: Listener) -> None:
        """Nobody writes on paper by themselves."""

    async def member(self, server: str, person: str) -> Person | None:
        """Who is on the server is the same on all servers."""
        if self.is_down:
            raise ConnectionError(f"cannot tell who {person} is on {server}")
        if person in self.unknown:
            raise ValueError(person)
        return self.people.get(person)

    def lacks(self, server: str, settings: ServerSettings) -> Sequence[Text]:
        """Paper is patient."""
        self.asked.append((server, settings))
        return self.lacking

    def misses_nothing(self, server: str) -> bool:
        """The same on all servers."""
        del server
        return not self.is_deaf

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Do it, unless the platform is down, the place is gone, or `answers` say otherwise."""
        del attempt
        answer = self._mood(effect)
        if not isinstance(answer, Done):
            return answer
        self.performed.append((nonce, effect))
        match effect:
            case OpenThread(message=None, opening=Content() as opening):
                channel = f"direct-{effect.person}" if effect.is_private else effect.channel
                message = self.say(channel, None, opening)
                self.threads[message] = True
                return Done(message=message, thread=message)
            case OpenThread(is_private=True):
                thread = f"b{next(self._ids)}"
                self.threads[thread] = True
                self.private.add(thread)
                return Done(thread=thread)
            case OpenThread(message=str() as root):
                self.threads[root] = True
                return Done(thread=root)
            case Say(replaces=str() as old):
                for said in self.messages:
                    if said.id == old:
                        said.content = effect.content
                return Done(message=old)
            case Say():
                return Done(message=self.say(effect.channel, effect.thread, effect.content))
            case CloseThread(thread=str() as thread):
                self.threads[thread] = False
        return Done()

    def _mood(self, effect: Effect) -> Outcome:
        if self.is_down:
            return Later("the platform is down")
        place = effect.message if isinstance(effect, OpenThread) else effect.thread
        if {effect.channel, place} & self.gone:
            return Never("the place is gone", is_fault=False)
        is_unknown = isinstance(effect, Say | CloseThread) and effect.thread not in {None, *self.threads}
        if is_unknown and not self.has_cards:
            return Never("there is no such thread")
        answers = self.for_threads if isinstance(effect, OpenThread) and self.for_threads else self.answers
        return answers.pop(0) if answers else Done()

    def delete(self, channel: str, thread: str | None) -> None:
        """Somebody deletes a channel, or only a thread in it."""
        self.gone.add(thread or channel)
        self.threads.pop(thread or "", None)

    def say(self, channel: str, thread: str | None, content: Content) -> str:
        """The bot says something for everybody; the id of the message."""
        message = Message(f"b{next(self._ids)}", channel, thread, content)
        self.messages.append(message)
        self.wake(thread)
        return message.id

    def wake(self, thread: str | None) -> None:
        """Words, whoever's they are, open an archived thread again."""
        if thread in self.threads:
            self.threads[thread] = True
