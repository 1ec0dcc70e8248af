"""What every use case has in hand beside its transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.coverage.exchange import PolicyFile
from bot.coverage.matcher import Matcher
from bot.coverage.policy import Policy, PolicyError
from bot.model import (
    Action,
    Block,
    Button,
    CloseThread,
    Content,
    Effect,
    Event,
    Field,
    Form,
    FormSent,
    Language,
    OpenThread,
    Person,
    Refusal,
    Reply,
    Ruling,
    Say,
    ServerSettings,
    Text,
    Ticket,
    Value,
    Verdict,
)
from bot.rules.estimate import Pace
from bot.rules.keeping import scheduled
from bot.rules.limits import clean, title
from bot.store import queries
from bot.store.database import Transaction
from bot.store.outbox import CARD, owe
from bot.texts import paragraph, policy_words, promise_span, text

_NUMBER = re.compile(r"#?(\d{1,9})(?!\S)\s*(.*)", re.DOTALL)
_NO_NUMBER = re.compile(r"[#+-]\d|\d{10}")


@dataclass(frozen=True, slots=True)
class Scene:
    """One event, who caused it, and what the server has decided."""

    event: Event
    person: Person
    settings: ServerSettings
    matcher: Matcher
    """Judges any words by the server's policy; not for free: before the transaction where it can."""
    shipped: Matcher
    """The same for the policy that servers begin with."""
    now: datetime
    words: str = ""
    """What the person wrote, cleaned."""
    verdict: Verdict | None = None
    """What the policy says about these words, where they can be a customer's request."""
    file: PolicyFile | PolicyError | None = None
    """A policy that was handed in as a file, understood before the transaction, or why it could not be."""
    pace: Pace | None = None
    """How fast the server answers, measured some minutes ago; None where nobody has measured it."""
    policy_trouble: str = ""
    """Why the policy's files, as they are now, were refused."""
    has_cards: bool = False
    """Whether the server's tickets have cards; see `Chat.has_cards`."""
    own_policy: Policy | None = None
    """The server's policy, where nothing is judged by it and `matcher` is only the shipped one."""

    @property
    def server(self) -> str:
        """The tenant."""
        return self.event.server

    @property
    def policy(self) -> Policy:
        """The server's policy."""
        return self.own_policy or self.matcher.policy

    @property
    def language(self) -> Language:
        """The person's own language: their locale's, else their message's, else the server's."""
        guessed = self.verdict.language if self.verdict else self.settings.language
        return Language.of_locale(self.person.locale) or guessed

    @property
    def finding(self) -> tuple[str | None, Ruling | None]:
        """The category and ruling that a ticket may state as ours; a mere guess is neither."""
        verdict = self.verdict
        if verdict is None or (verdict.action is not Action.ANSWER and verdict.ruling is not Ruling.NOT_IN_POLICY):
            return None, None
        return verdict.category, verdict.ruling

    def content(
        self,
        *blocks: Block,
        buttons: tuple[Button, ...] = (),
        ruling: Ruling | None = None,
        language: Language | None = None,
    ) -> Content:
        """A message of ours to this person, or in the given language to somebody else."""
        return Content(language or self.language, blocks, buttons, ruling, self.settings.formal)

    def reply(self, *blocks: Block, buttons: tuple[Button, ...] = (), ruling: Ruling | None = None) -> Reply:
        """A private answer."""
        return Reply(self.content(*blocks, buttons=buttons, ruling=ruling))

    def reply_text(self, key: str, *buttons: Button, **values: Value) -> Reply:
        """A private answer of one sentence."""
        return self.reply(paragraph(text(key, **values)), buttons=buttons)

    @property
    def promise_span(self) -> Text:
        """Within which time this server normally answers, in words."""
        return promise_span(self.settings)

    def policy_words(self, words: str, language: Language) -> str:
        """What the policy says, as this server says it: in its form of address, and with the times that it keeps."""
        return policy_words(words, language, self.settings)

    @property
    def values(self) -> Mapping[str, str]:
        """What was filled into the form, if this is one; cleaned."""
        values = self.event.values if isinstance(self.event, FormSent) else {}
        return {name: clean(value) for name, value in values.items()}

    def form(self, name: str, heading: str, *fields: Field, **values: Value) -> Reply:
        """A form for this person to fill in."""
        return Reply(form=Form(name, text(heading, **values), fields, self.language, self.settings.formal))

    async def owe(
        self, tx: Transaction, lane: str, effect: Effect, *, ticket: int | None = None, delay: timedelta = timedelta(0)
    ) -> None:
        """Promise an effect, in order with what else is owed in that conversation."""
        await owe(tx, lane, effect, self.now, ticket=ticket, delay=delay)

    async def open_thread(self, tx: Transaction, lane: str, message: str, meanwhile: Content | None = None) -> None:
        """Promise a thread under the person's message; it will have that message's id."""
        if self.has_cards:
            return  # it is one by itself
        name = title(self.words) or title(self.person.name)
        effect = OpenThread(
            server=self.server, channel=self.event.channel, message=message, name=name, meanwhile=meanwhile
        )
        await self.owe(tx, lane, effect)

    async def close_thread(self, tx: Transaction, thread: str) -> None:
        """Promise to archive a thread that belongs to no ticket."""
        await self.owe(tx, thread, CloseThread(server=self.server, channel=self.event.channel, thread=thread))

    async def say_in_thread(self, tx: Transaction, thread: str, content: Content, post: str | None = None) -> None:
        """Promise a message in a thread that belongs to no ticket; with `post`, one that we find again by that name."""
        effect = Say(server=self.server, channel=self.event.channel, thread=thread, content=content)
        await owe(tx, thread, effect, self.now, post=post)


@dataclass(frozen=True, slots=True)
class Study:
    """The reply takes more thinking than a transaction has time for: it is made afterwards, in another thread."""

    reply: Callable[[], Reply]
    draws: bool = False
    """Whether it makes a picture: these wait for each other, and nobody else for them."""


Answer = Reply | Study
"""What comes of a command, a button or a form."""


async def keep(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """Save what a rule has made of a ticket, and when it next needs us."""
    await queries.save_ticket(tx, scheduled(ticket, scene.settings))


async def say_in_ticket(
    tx: Transaction, scene: Scene, ticket: Ticket, *blocks: Block, buttons: tuple[Button, ...] = ()
) -> None:
    """Promise a message in a ticket's thread, in its customer's language."""
    content = scene.content(*blocks, buttons=buttons, language=ticket.language)
    effect = Say(server=ticket.server, channel=ticket.channel, thread=ticket.thread, content=content)
    await scene.owe(tx, ticket.lane, effect, ticket=ticket.number)


async def say_to_agents(tx: Transaction, scene: Scene, *blocks: Block, buttons: tuple[Button, ...] = ()) -> None:
    """Promise a message in the agents' channel, where the server has one; in the server's language."""
    settings = await queries.settings_of(tx, scene.server) or scene.settings  # a channel may have gone just now
    if settings.agents_channel is not None:
        content = scene.content(*blocks, buttons=buttons, language=settings.language)
        await scene.owe(tx, "agents", Say(server=scene.server, channel=settings.agents_channel, content=content))


async def tell_change(tx: Transaction, scene: Scene, ticket: Ticket, *blocks: Block) -> None:
    """Promise to say what has become of a ticket, where its receipt does not change to say so."""
    if not scene.has_cards:
        await say_in_ticket(tx, scene, ticket, *blocks)


async def ticket_here(tx: Transaction, scene: Scene) -> Ticket | None:
    """The ticket in whose thread something happens, or under whose card."""
    thread = scene.event.thread
    if thread is None:
        return None
    there = await queries.ticket_by_thread(tx, scene.server, thread)
    return there or (await ticket_of_card(tx, scene.server, thread) if scene.has_cards else None)


async def ticket_of_card(tx: Transaction, server: str, message: str) -> Ticket | None:
    """The ticket whose card this message is."""
    post = await queries.post_at(tx, server, message)
    number = post.removeprefix(CARD) if post and post.startswith(CARD) else ""
    return await queries.ticket_by_number(tx, server, int(number)) if number else None


def only(tickets: list[Ticket], if_none: str) -> Ticket:
    """The one ticket that can be meant. Refuses none, with the sentence `if_none`, and several."""
    if not tickets:
        raise Refusal(if_none)
    if len(tickets) > 1:
        raise Refusal("refused-which-ticket", numbers=", ".join(f"#{ticket.number}" for ticket in tickets))
    return tickets[0]


def leading_number(words: str) -> tuple[int | None, str]:
    """A ticket number at the start of a command's words, and the rest: "12 too urgent" is (12, "too urgent").

    None where no number was meant. Refuses what was meant as one and is none ("-1").
    """
    found = _NUMBER.fullmatch(words)
    if found is None and _NO_NUMBER.match(words):
        raise Refusal("refused-not-a-number", words=title(words, 40))
    return (int(found[1]), found[2]) if found else (None, words)


def button_number(number: str) -> int:
    """The ticket number that a button or form carries; a forged one is refused like an outdated one."""
    if not re.fullmatch(r"\d{1,9}", number, re.ASCII):
        raise Refusal("refused-old-button")
    return int(number)
