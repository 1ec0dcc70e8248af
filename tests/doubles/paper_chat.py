"""A chat on paper: threads and messages are lists, and what is said becomes plain words. It dedupes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from bot.model import (
    BlockKind,
    Button,
    ChannelLink,
    CloseThread,
    Content,
    Done,
    Effect,
    Handle,
    Language,
    Later,
    OpenThread,
    Outcome,
    Say,
    ThreadLink,
)
from bot.texts import say


class PlainMarkup:
    """Words without any markup."""

    def escape(self, words: str) -> str:
        return words

    def mention(self, person: str) -> str:
        return f"@{person}"

    def thread(self, link: ThreadLink) -> str:
        return f"[thread {link.thread}]"

    def channel(self, link: ChannelLink) -> str:
        return f"#{link.channel}"

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
class PaperChat:
    """Remembers what the desk had it do. `answers` may hold outcomes of the next effects, to play a platform's mood."""

    messages: list[Message] = field(default_factory=list)
    threads: dict[str, bool] = field(default_factory=dict)
    """Thread -> whether it is open."""
    performed: list[tuple[str, Effect]] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)
    is_down: bool = False
    """Whether the platform takes nothing at the moment."""
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def run(self, handle: Handle) -> None:
        """Nobody writes on paper by themselves."""

    async def perform(self, effect: Effect, nonce: str) -> Outcome:
        """Do it, unless the platform is down or `answers` say otherwise."""
        answer = Later("the platform is down") if self.is_down else self.answers.pop(0) if self.answers else Done()
        if not isinstance(answer, Done):
            return answer
        self.performed.append((nonce, effect))
        match effect:
            case OpenThread(message=None, opening=Content() as opening):
                message = self._say(effect.channel, None, opening)
                self.threads[message] = True
                return Done(message=message, thread=message)
            case OpenThread(message=str() as root):
                self.threads[root] = True
                return Done(thread=root)
            case Say(replaces=str() as old):
                for said in self.messages:
                    if said.id == old:
                        said.content = effect.content
                return Done(message=old)
            case Say():
                return Done(message=self._say(effect.channel, effect.thread, effect.content))
            case CloseThread(thread=str() as thread):
                self.threads[thread] = False
        return Done()

    def _say(self, channel: str, thread: str | None, content: Content) -> str:
        message = Message(f"b{next(self._ids)}", channel, thread, content)
        self.messages.append(message)
        return message.id
