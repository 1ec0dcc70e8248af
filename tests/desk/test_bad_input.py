"""What strangers and broken platforms may send: the desk stays calm, and other people's words stay words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.desk.buttons import BUTTONS, FORMS
from bot.desk.commands import COMMANDS, Audience
from bot.model import (
    ButtonPressed,
    CommandUsed,
    Content,
    Effect,
    Event,
    FormSent,
    Language,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    OpenThread,
    Person,
    Reply,
    Say,
    ServerJoined,
    Text,
    Ticket,
)
from bot.rules.limits import TEXT_LIMIT
from bot.store import queries
from bot.store.database import Transaction
from bot.store.outbox import dead_letters
from bot.store.tables import history, tickets
from bot.texts import keys, say
from tests.doubles.paper_chat import PlainMarkup, plain
from tests.doubles.world import AYLIN, EMMA, JONAS, MAREK, START, TOM, World

REQUEST = "the gallery crashes as soon as I open it since yesterday"
GARBAGE = {
    "empty": "",
    "blank": " \n\t\u00a0\u2003 ",
    "100,000 characters": "the gallery crashes " * 5_000,
    "one word of 100,000 letters": "a" * 100_000,
    "zalgo": "".join(letter + "\u0301\u0316\u0327\u0353\u0489" * 20 for letter in "the gallery crashes"),
    "only accents": "\u0301" * 5_000,
    "right-to-left override": "the gallery \u202e\u2066sehsarc\u2069 when I open it",
    "lone surrogates": "the gallery \ud83d crashes \ude00 on opening",
    "NUL": "the gallery\0 crashes\0 when I open it",
    "only emoji": "😀🔥👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "only invisible": "\u200b\u200c\u2060\ufeff\u00ad",
    "everyone": "@everyone @here <!channel> <!here> <@U123> <#C123> the gallery crashes",
    "a script": "<script>alert(1)</script><img src=x onerror=alert(2)> the gallery crashes",
    "markdown": "**bold** [click](http://example.com) `code` ||hidden|| ~~gone~~ # the gallery crashes",
    "Fluent": "{ $person } { something-broke } { NUMBER($x) } the gallery crashes",
    "forms of address": "[Sie|du] haben [a|b] the gallery crashes",
    "format strings": "%s %(x)s {0} {person} ${x} \\x00 the gallery crashes",
    "SQL": "'; DROP TABLE tickets; -- the gallery crashes",
}
OTHER_LANGUAGES = {
    "French": "Bonjour, merci beaucoup et à bientôt",
    "Russian": "Всем привет, хорошего вам дня сегодня",
    "Japanese": "みなさん、おはようございます",
    "Arabic": "صباح الخير للجميع",
    "Chinese": "大家早上好",
}
FIELDS = [
    "text",
    "reason",
    "product",
    "wish",
    "budget",
    "deadline",
    "contact",
    "support",
    "agents",
    "sales",
    "mode",
    "agent_roles",
    "moderator_roles",
    "language",
    "address",
    "open_limit",
    "hourly_limit",
]
"""Of all forms."""
BOSS = Person("boss", "Boss", "en", frozenset({"agent"}), is_admin=True)
"""May do everything."""
INVISIBLE = "\0\u200b\u202e\u2066\ufeff"


def texts_in(thing: object) -> Iterator[Text]:
    """All catalogue sentences, however deep."""
    if isinstance(thing, Text):
        yield thing
    if dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            yield from texts_in(getattr(thing, field.name))
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from texts_in(value)
    elif isinstance(thing, tuple | list):
        for value in thing:
            yield from texts_in(value)


def words_in(thing: object) -> Iterator[str]:
    """All strings, however deep."""
    if isinstance(thing, str):
        yield thing
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            yield from words_in(getattr(thing, field.name))
    elif isinstance(thing, dict):
        yield from words_in(list(thing.values()))
    elif isinstance(thing, tuple | list):
        for value in thing:
            yield from words_in(value)


def told(reply: Reply | None) -> str:
    """A private reply, read aloud."""
    assert reply is not None
    assert reply.content is not None
    return plain(reply.content)


def calm(reply: Reply | None) -> None:
    """Nothing has broken."""
    if reply is not None and reply.content is not None:
        assert "something-broke" not in {text.key for text in texts_in(reply)}, told(reply)


async def nothing_broke(world: World) -> list[Effect]:
    """All effects can be delivered and put into words in both languages; no sentence is somebody else's."""
    await world.deliver()
    assert await world.database.transaction(dead_letters) == []
    effects = [effect for _, effect in world.chat.performed]
    for effect in effects:
        for text in texts_in(effect):
            assert text.key in keys(Language.DE)
            assert text.key != "something-broke"
        for language in Language:
            for words in contents_of(effect):
                plain(dataclasses.replace(words, language=language))
    return effects


def contents_of(effect: Effect) -> Iterator[Content]:
    if isinstance(effect, Say):
        yield effect.content
    elif isinstance(effect, OpenThread) and effect.opening is not None:
        yield effect.opening


async def all_tickets(world: World) -> list[Ticket]:
    async def read(tx: Transaction) -> list[Ticket]:
        keys = await tx.rows(select(tickets.c.server, tickets.c.number))
        found = [await queries.ticket_by_number(tx, **key) for key in keys]
        return [ticket for ticket in found if ticket is not None]

    return await world.database.transaction(read)


async def events_of(world: World, number: int) -> list[str]:
    entries = await world.database.transaction(lambda tx: queries.history_of(tx, world.server, number))
    return [entry["what"] for entry in entries]


# --- words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_words_can_be_written_in_a_support_channel(world: World, words: str) -> None:
    message = await world.post(EMMA, words)
    await world.edit(message, words + " and more")
    await world.post(EMMA, words, thread=message)
    await world.delete(message)
    await nothing_broke(world)


@pytest.mark.parametrize("words", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_words_can_follow_a_command(world: World, words: str) -> None:
    await world.command(EMMA, "/ticket something to talk about")
    for person in (EMMA, BOSS):
        for command in COMMANDS:
            calm(await world.command(person, f"/{command.name} {words}"))
        calm(await world.command(person, f"/{words}"))
    await nothing_broke(world)


@pytest.mark.parametrize("words", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_words_can_stand_in_a_form_or_on_a_button(world: World, words: str) -> None:
    await world.command(EMMA, "/ticket something to talk about")
    for person in (EMMA, BOSS):
        for form in [*FORMS, "claim:1", words]:
            calm(await world.send(person, form, dict.fromkeys(FIELDS, words)))
        for button in [*BUTTONS, words]:
            calm(await world.press(person, f"{button}:{words}"))
    await nothing_broke(world)


@pytest.mark.parametrize("words", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_name_can_be_a_persons(world: World, words: str) -> None:
    person = Person("x", words, "en")
    agent = Person("y", words, "en", frozenset({"agent"}))
    calm(await world.command(person, "/ticket the gallery crashes"))
    world.pass_time(timedelta(minutes=11))
    message = await world.post(person, REQUEST)
    calm(await world.command(agent, "/claim"))
    await world.post(agent, "Which version do you have?", thread=message)
    calm(await world.command(person, "/place"))
    calm(await world.command(agent, "/queue"))
    calm(await world.command(agent, "/close 1 done"))
    assert len(await all_tickets(world)) == 2
    await nothing_broke(world)


@pytest.mark.parametrize("name", ["everyone", "a script", "markdown", "Fluent", "forms of address", "format strings"])
async def test_other_peoples_words_come_out_as_they_were_written(world: World, name: str) -> None:
    await world.command(EMMA, f"/ticket {GARBAGE[name]}")
    await nothing_broke(world)
    assert GARBAGE[name] in plain(world.chat.messages[-2].content) + plain(world.chat.messages[0].content)
    assert GARBAGE[name] in told(await world.command(AYLIN, "/claim"))


@pytest.mark.parametrize("name", ["everyone", "a script", "Fluent", "forms of address"])
async def test_adapters_are_told_which_words_are_somebody_elses(world: World, name: str) -> None:
    """Escaping is the adapter's work: the core must hand over these words as such, whole and only as a `str`."""
    await world.command(EMMA, f"/ticket {GARBAGE[name]}")
    await nothing_broke(world)
    escaped: list[str] = []

    class Watching(PlainMarkup):
        def escape(self, words: str) -> str:
            escaped.append(words)
            return ""

    spoken = "".join(
        say(block.words, message.content.language, Watching())
        for message in world.chat.messages
        for block in message.content.blocks
    )
    assert GARBAGE[name] in escaped
    assert GARBAGE[name][:12] not in spoken


async def test_long_words_are_cut_and_marked(world: World) -> None:
    await world.command(EMMA, f"/ticket {GARBAGE['100,000 characters']}")
    (ticket,) = await all_tickets(world)
    assert len(ticket.text) <= TEXT_LIMIT
    assert ticket.text.endswith("…")


async def test_what_breaks_pages_and_files_is_not_kept(world: World) -> None:
    for words in ("right-to-left override", "lone surrogates", "NUL"):
        await world.command(EMMA, f"/ticket {GARBAGE[words]}")
    for ticket in await all_tickets(world):
        assert not set(INVISIBLE) & set(ticket.text)
        assert ticket.text.encode("utf-8")
    for effect in await nothing_broke(world):
        for words in words_in(effect):
            assert not set(INVISIBLE) & set(words)


async def test_towers_of_accents_are_cut_down(world: World) -> None:
    await world.command(EMMA, f"/ticket {GARBAGE['zalgo']} {GARBAGE['only accents']}")
    (ticket,) = await all_tickets(world)
    assert len(ticket.text) < 100


@pytest.mark.parametrize("name", ["empty", "blank", "only invisible"])
async def test_nothing_said_opens_no_ticket(world: World, name: str) -> None:
    reply = await world.command(EMMA, f"/ticket {GARBAGE[name]}")
    assert reply is not None
    assert reply.form is not None
    refused = await world.send(EMMA, "ticket", {"text": GARBAGE[name]})
    assert keys_of(refused) == {"refused-empty"}
    assert await all_tickets(world) == []


@pytest.mark.parametrize("words", OTHER_LANGUAGES.values(), ids=OTHER_LANGUAGES.keys())
async def test_small_talk_in_other_languages_is_met_with_silence(world: World, words: str) -> None:
    await world.post(EMMA, words)
    await world.deliver()
    assert [message for message in world.chat.messages if message.channel == "support"] == []


# --- numbers, buttons, roles, servers --------------------------------------------------------------------


@pytest.mark.parametrize("number", ["-1", "0", "1e9", "99999999999999999999", "12abc", "#", "1.5", "0x1", "²", "NaN"])
async def test_nonsense_numbers_take_nothing(world: World, number: str) -> None:
    await world.command(EMMA, "/ticket the first")
    await world.command(JONAS, "/ticket the second")
    for command in ("claim", "close", "release"):
        calm(await world.command(AYLIN, f"/{command} {number} because"))
        calm(await world.press(AYLIN, f"{command}:{number}"))
    calm(await world.send(AYLIN, f"claim:{number}", {"reason": "because"}))
    assert [ticket.state for ticket in await all_tickets(world)] == ["waiting", "waiting"]
    await nothing_broke(world)


@pytest.mark.parametrize("number", ["7", "999999999"])
async def test_numbers_that_were_never_given_are_refused(world: World, number: str) -> None:
    await world.command(EMMA, "/ticket the first")
    for command in ("claim", "close", "release"):
        assert "refused-no-such-ticket" in keys_of(await world.command(AYLIN, f"/{command} {number} because"))


FORGED = [
    "open:", "open:nobody-wrote-this", "open:0", "add:", "add:1", "add:1:", "add:x:y", "add:99999999999999999999:m1",
    "add:1:nobody-wrote-this", "helped:", "helped:nothing", "wrong:", "wrong:nothing", "claim:", "claim:abc",
    "claim:-1", "claim:" + "9" * 5_000, "close:", "close:1:2", "release:", "release:٢", "post-policy:",
    "post-policy:all", "post-policy:all:xx", "post-policy:99:de", "post-policy:" + "9" * 5_000 + ":de",
    "post-policy:-1:de", "dance", "dance:1", ":", "::", "", "open:" + "x" * 100_000, "open:\ud800", "open:\0",
    "add:1:\ud800", "setup", "ticket", "paid:1",
]  # fmt: skip


@pytest.mark.parametrize("person", [EMMA, AYLIN, MAREK], ids=lambda person: person.name)
async def test_forged_buttons_and_forms_do_nothing(world: World, person: Person) -> None:
    await world.command(JONAS, "/ticket mine")
    before = await all_tickets(world)
    for action in FORGED:
        calm(await world.press(person, action))
        if action not in {"ticket", "setup"}:
            calm(await world.send(person, action, {"text": "", "reason": "because"}))
    assert await all_tickets(world) == before
    await nothing_broke(world)


async def test_an_answers_buttons_are_for_its_asker(world: World) -> None:
    message = await world.post(EMMA, "I want a refund")
    for action in ("open", "helped", "wrong"):
        reply = await world.press(JONAS, f"{action}:{message}")
        assert keys_of(reply) == {"refused-not-your-answer"}
    assert await all_tickets(world) == []


async def test_words_are_not_added_to_another_persons_ticket(world: World) -> None:
    await world.command(JONAS, "/ticket mine")
    message = await world.post(EMMA, "I want a refund")
    for person in (EMMA, JONAS, AYLIN):
        reply = await world.press(person, f"add:1:{message}")
        assert keys_of(reply) & {"refused-not-your-answer", "refused-old-button"}
    (ticket,) = await all_tickets(world)
    assert ticket.text == "mine"


async def test_customers_post_no_policy(world: World) -> None:
    for person in (EMMA, AYLIN):
        calm(await world.press(person, "post-policy:all:de"))
        calm(await world.command(person, "/policy post"))
    await world.deliver()
    assert [message for message in world.chat.messages if message.channel == "support"] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
async def test_commands_are_refused_to_those_whom_they_are_not_for(world: World, command: Any) -> None:
    outsiders = {
        Audience.EVERYBODY: [],
        Audience.AGENTS: [EMMA],
        Audience.MODERATORS: [EMMA, AYLIN],
    }
    await world.command(JONAS, "/ticket mine")
    for person in outsiders[command.audience]:
        for words in ("", "1 because", "show", "rules", "mode quiet", "jonas"):
            reply = await world.command(person, f"/{command.name} {words}")
            found = {text.key for text in texts_in(reply)}
            assert found & {"refused-not-agent", "refused-not-moderator"}, found
    (ticket,) = await all_tickets(world)
    assert ticket.state == "waiting"


@pytest.mark.parametrize("form", ["setup", "setup-rules", "setup-tickets", "setup-mode"])
async def test_forms_of_moderators_are_refused_to_others(world: World, form: str) -> None:
    for person in (EMMA, AYLIN):
        reply = await world.send(person, form, {"support": "mine", "language": "en", "mode": "quiet"})
        assert {text.key for text in texts_in(reply)} == {"refused-not-moderator"}


async def test_another_servers_tickets_do_not_exist_here(world: World) -> None:
    await world.command(EMMA, "/ticket of the first server")
    message = await world.post(JONAS, REQUEST)
    question = await world.post(Person("q", "Q", "en"), "I want a refund")
    before = await all_tickets(world)
    world.server = "paper:other"
    values = {"support": "support", "agents": "agents", "agent_roles": "agent", "moderator_roles": ""}
    calm(await world.send(MAREK, "setup", values))
    for number in (1, 2):
        for command in ("claim", "release", "close"):
            assert "refused-no-such-ticket" in keys_of(await world.command(AYLIN, f"/{command} {number} because"))
            assert "refused-no-such-ticket" in keys_of(await world.press(AYLIN, f"{command}:{number}"))
    assert "refused-line-empty" in keys_of(await world.command(AYLIN, "/claim"))
    assert "refused-no-open-ticket" in keys_of(await world.command(EMMA, "/place"))
    assert "refused-no-open-ticket" in keys_of(await world.command(EMMA, "/close"))
    assert "refused-old-button" in keys_of(await world.press(Person("q", "Q", "en"), f"open:{question}"))
    assert "refused-old-button" in keys_of(await world.press(Person("q", "Q", "en"), f"add:1:{question}"))
    await world.post(AYLIN, "an answer", thread=message)
    await world.post(JONAS, "and another thing", thread=message)
    await world.edit(message, "something else")
    await world.delete(message)
    assert await all_tickets(world) == before
    assert "the first server" not in told(await world.command(AYLIN, "/queue"))


def keys_of(reply: Reply | None) -> set[str]:
    """The catalogue keys of a reply."""
    return {text.key for text in texts_in(reply)}


async def test_a_server_that_we_do_not_know_is_told_how_to_begin(world: World) -> None:
    world.server = "paper:unknown"
    for command in ("/ticket help", "/close", "/place", "/covered is this covered by support", "/policy"):
        calm(await world.command(EMMA, command))
    assert "refused-not-set-up" in keys_of(await world.command(EMMA, "/ticket help"))
    assert "refused-not-agent" in keys_of(await world.command(AYLIN, "/claim"))
    await world.post(EMMA, REQUEST)
    assert await all_tickets(world) == []


async def test_unknown_commands_and_forms_are_named(world: World) -> None:
    assert "/dance" in told(await world.command(EMMA, "/dance wildly"))
    assert "refused-old-button" in keys_of(await world.send(EMMA, "dance", {}))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"product": "P"},
        {"product": " ", "wish": "\0", "contact": "\u200b"},
        {"nonsense": "x", "product": "", "wish": "w", "contact": "c"},
    ],
)
async def test_a_form_with_missing_fields_is_not_taken(world: World, values: dict[str, str]) -> None:
    assert "refused-field-missing" in keys_of(await world.send(EMMA, "paid", values))
    await world.deliver()
    assert [message for message in world.chat.messages if message.channel == "sales"] == []


async def test_a_form_with_extra_and_huge_fields_is_cut_to_size(world: World) -> None:
    huge = dict.fromkeys(("product", "wish", "budget", "deadline", "contact"), "x" * 100_000)
    calm(await world.send(EMMA, "paid", huge | {"server": "paper:other", "customer": "jonas"}))
    await nothing_broke(world)
    (message,) = [message for message in world.chat.messages if message.channel == "sales"]
    assert len(plain(message.content)) < 4_000


@pytest.mark.parametrize("limit", ["0", "-1", "one too many", "1e1", "٣", "0000000019999", "9" * 5_000, "", "three"])
async def test_limits_are_whole_numbers_in_their_range(world: World, limit: str) -> None:
    before = told(await world.command(MAREK, "/setup show"))
    good = {"open_limit": "2", "hourly_limit": "4", "reopen": "9"}
    for name, most in (("open_limit", 100), ("hourly_limit", 100), ("reopen", 3_650)):
        bad = str(most + 1) if limit == "one too many" else limit
        assert "refused-limit" in keys_of(await world.send(MAREK, "setup-tickets", good | {name: bad}))
    assert told(await world.command(MAREK, "/setup show")) == before


# --- twice, and in the wrong order -----------------------------------------------------------------------


def base(key: str, seconds: int = 0) -> dict[str, Any]:
    at = START + timedelta(seconds=seconds)
    order = int(at.timestamp() * 1_000_000)
    return {"key": key, "server": "paper:shop", "channel": "support", "order": order, "at": at}


TWICE: dict[str, list[Event]] = {
    "a message": [MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST)],
    "an edit": [
        MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST),
        MessageEdited(**base("2", 5), message="m1", text="the gallery crashes, and the menu too"),
    ],
    "a deletion": [
        MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST),
        MessageDeleted(**base("2", 5), message="m1"),
    ],
    "the deletion of what somebody works on": [
        MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST),
        CommandUsed(**base("2", 2), person=AYLIN, name="claim"),
        MessageDeleted(**base("3", 5), message="m1"),
    ],
    "joining": [ServerJoined(**base("1"), locale="en-US")],
    "a command": [CommandUsed(**base("1"), person=EMMA, name="ticket", words="help me")],
    "a button": [
        MessagePosted(**base("1"), person=EMMA, message="m1", text="I want a refund"),
        ButtonPressed(**base("2", 5), person=EMMA, action="open:m1"),
    ],
    "a form": [
        FormSent(
            **base("1"), person=EMMA, form="paid", values={"product": "P", "wish": "a red button", "contact": "me"}
        )
    ],
    "words in a thread": [
        MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST),
        MessagePosted(**base("2", 3), thread="m1", person=AYLIN, message="m2", text="Which version is it?"),
    ],
    "a reopening": [
        MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST),
        CommandUsed(**base("2", 2), person=AYLIN, name="close", words="1 done"),
        MessagePosted(**base("3", 5), thread="m1", person=EMMA, message="m2", text="the gallery crashes again"),
    ],
}


@pytest.mark.parametrize("name", TWICE)
async def test_an_event_that_is_told_again_does_nothing(world: World, name: str) -> None:
    for event in TWICE[name]:
        await world.desk.handle(event)
    await world.deliver()
    once = (await all_tickets(world), await trail(world), not_boards(world))
    for event in (TWICE[name][-1], *TWICE[name]):
        await world.desk.handle(event)
    await world.deliver()
    assert (await all_tickets(world), await trail(world), not_boards(world)) == once
    await nothing_broke(world)


async def trail(world: World) -> list[tuple[int, str]]:
    rows = await world.database.transaction(lambda tx: tx.rows(select(history.c.ticket, history.c.what)))
    return [(row["ticket"], row["what"]) for row in rows]


def not_boards(world: World) -> list[str]:
    return [plain(message.content) for message in world.chat.messages if message.channel != "agents"]


async def test_a_deletion_that_comes_before_its_message_is_heeded(world: World) -> None:
    await world.desk.handle(MessageDeleted(**base("2", 5), message="m1"))
    await world.desk.handle(MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST))
    assert await all_tickets(world) == []
    await nothing_broke(world)


async def test_an_edit_that_comes_before_its_message_is_heeded(world: World) -> None:
    await world.desk.handle(MessageEdited(**base("2", 5), message="m1", text=REQUEST + ", in Firefox"))
    await world.desk.handle(MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST))
    (ticket,) = await all_tickets(world)
    assert ticket.text == REQUEST + ", in Firefox"


async def test_of_two_edits_before_their_message_the_later_one_counts(world: World) -> None:
    await world.desk.handle(MessageEdited(**base("3", 9), message="m1", text=REQUEST + ", in Firefox"))
    await world.desk.handle(MessageEdited(**base("2", 5), message="m1", text=REQUEST + ", in Chrome"))
    await world.desk.handle(MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST))
    (ticket,) = await all_tickets(world)
    assert ticket.text == REQUEST + ", in Firefox"


async def test_deleted_stays_deleted_whatever_edit_is_told_late(world: World) -> None:
    await world.desk.handle(MessageDeleted(**base("3", 9), message="m1"))
    await world.desk.handle(MessageEdited(**base("2", 5), message="m1", text=REQUEST + ", in Firefox"))
    await world.desk.handle(MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST))
    assert await all_tickets(world) == []


async def test_closing_before_claiming_leaves_it_closed(world: World) -> None:
    await world.desk.handle(MessagePosted(**base("1"), person=EMMA, message="m1", text=REQUEST))
    await world.desk.handle(CommandUsed(**base("3", 9), person=AYLIN, name="close", words="1"))
    late = await world.desk.handle(CommandUsed(**base("2", 5), person=AYLIN, name="claim", words="1"))
    assert "refused-closed" in keys_of(late)
    assert await events_of(world, 1) == ["opened", "closed", "unanswered"]


async def test_a_button_before_its_answer_is_out_of_date(world: World) -> None:
    assert "refused-old-button" in keys_of(await world.press(EMMA, "open:m1"))
    await world.post(EMMA, "I want a refund", message="m1")
    calm(await world.press(EMMA, "open:m1"))
    assert len(await all_tickets(world)) == 1


async def test_a_thread_that_we_have_not_heard_of_is_none_of_our_business(world: World) -> None:
    await world.post(EMMA, REQUEST, thread="some-thread")
    await world.post(AYLIN, "an answer", thread="some-thread")
    assert await all_tickets(world) == []
    await nothing_broke(world)


async def test_a_request_that_was_made_earlier_but_told_later_stands_first(world: World) -> None:
    await world.desk.handle(MessagePosted(**base("2", 60), person=JONAS, message="m2", text=REQUEST))
    await world.desk.handle(MessagePosted(**base("1", 5), person=EMMA, message="m1", text=REQUEST))
    assert "Emma" in told(await world.command(TOM, "/claim"))
