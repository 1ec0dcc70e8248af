"""A server's own policy: who may change it, what happens at the same time, and what stays where it belongs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest

from bot.coverage.matcher import Matcher
from bot.desk.buttons import BUTTONS, FORMS
from bot.desk.desk import Desk
from bot.desk.policy.commands import ACTIONS
from bot.model import Content, Language, Never, Person, Reply
from bot.store import queries
from bot.store.database import Transaction
from bot.store.engines import open_database
from bot.store.outbox import dead_letters
from bot.store.policy_queries import (
    MOST_LESSONS,
    MOST_POSTS,
    PolicyPost,
    add_policy_post,
    keep_lesson,
    lesson_count,
    lesson_id,
    newest_versions,
    open_lessons,
    policy_number,
    policy_posts_of,
)
from tests.doubles.paper_chat import plain
from tests.doubles.world import AYLIN, EMMA, JONAS, MAREK, SERVER, START, TOM, World

T = TypeVar("T")
SENTENCE = "der drehkranz quietscht beim umblättern"
FORM = {"ruling": "covered", "clause": "Klausel.", "answer": "Antwort.", "phrases": SENTENCE, "look_alikes": ""}
DEFECT = "policy-edit:defect:de:"


def content(reply: Reply | None) -> Content:
    assert reply is not None
    assert reply.content is not None
    return reply.content


def words(reply: Reply | None) -> str:
    return plain(content(reply))


def action(reply: Reply | None, kind: str) -> str:
    """The action of the button of this kind."""
    return next(button.action for button in content(reply).buttons if button.action.startswith(kind))


async def number(world: World, server: str = SERVER) -> int:
    return await world.database.transaction(lambda tx: policy_number(tx, server))


async def apply(world: World, draft: Reply | None, why: str = "") -> Reply | None:
    return await world.send(MAREK, action(draft, "policy-apply"), {"why": why})


async def teach(world: World, phrase: str = SENTENCE) -> Reply | None:
    draft = await world.send(MAREK, DEFECT, FORM | {"phrases": phrase})
    return await apply(world, draft, "because")


@pytest.mark.parametrize("who", [EMMA, TOM], ids=["customer", "agent"])
async def test_only_moderators_touch_the_policy(world: World, who: Person) -> None:
    draft = action(await world.send(MAREK, DEFECT, FORM), "policy-apply").partition(":")[2]
    tried = [await world.command(who, f"/policy {name}") for name in ACTIONS]
    rest = {"policy-edit": f"defect:de:{draft}", "policy-document": f"de:{draft}", "policy-undo": "1"}
    kinds = [kind for kind in BUTTONS if kind.startswith("policy-")]
    tried += [await world.press(who, f"{kind}:{rest.get(kind, draft)}") for kind in kinds]
    forms = [kind for kind in FORMS if kind.startswith("policy-")]
    tried += [await world.send(who, f"{kind}:{rest.get(kind, draft)}", FORM) for kind in forms]
    assert len(tried) > 20
    assert {words(reply) for reply in tried} == {"This is for moderators only."}
    assert await number(world) == 0


async def test_who_was_overtaken_is_told_so(world: World) -> None:
    slow = await world.send(MAREK, DEFECT, FORM)
    await teach(world, "das scharnier der leseprobe klemmt")
    assert "Marek hat inzwischen denselben Teil geändert (Version 1)" in words(await apply(world, slow))
    assert await number(world) == 1


async def test_who_was_overtaken_while_typing_is_told_so(world: World) -> None:
    form = await world.command(MAREK, "/policy edit defect")
    assert form is not None
    assert form.form is not None
    await teach(world, "das scharnier der leseprobe klemmt")
    draft = await world.send(MAREK, form.form.name, FORM)
    assert "Marek hat inzwischen denselben Teil geändert (Version 1)" in words(await apply(world, draft))


async def test_drafts_of_different_parts_do_not_disturb_each_other(world: World) -> None:
    slow = await world.command(MAREK, "/policy off usage_question")
    await teach(world)
    assert "Version 2 " in words(await apply(world, slow))


async def test_a_draft_is_applied_once(world: World) -> None:
    draft = await world.send(MAREK, DEFECT, FORM)
    replies = await asyncio.gather(*(apply(world, draft) for _ in range(5)))
    assert sum("gilt jetzt" in words(reply) for reply in replies) == 1
    assert await number(world) == 1


async def test_versions_have_no_gaps_and_no_doubles(world: World) -> None:
    ids = ["defect", "usage_question", "technical_question", "security_fix"]
    drafts = [await world.command(MAREK, f"/policy off {id_}") for id_ in ids]
    await asyncio.gather(*(apply(world, draft) for draft in drafts))
    versions = await world.database.transaction(lambda tx: newest_versions(tx, SERVER, 99))
    assert [version.number for version in versions] == [4, 3, 2, 1]


async def test_a_ticket_keeps_the_version_it_was_given_under(world: World) -> None:
    await world.post(JONAS, "die galerie stürzt beim öffnen immer ab")
    await teach(world)
    await world.post(EMMA, SENTENCE)
    first, second = [
        await world.database.transaction(partial(queries.ticket_by_number, server=SERVER, number=one)) for one in (1, 2)
    ]
    assert first is not None
    assert second is not None
    assert second.policy_version == f"{first.policy_version}.1"


async def test_another_server_has_the_shipped_policy_and_sees_nothing(world: World) -> None:
    draft = await world.send(MAREK, DEFECT, FORM)
    await teach(world, "das scharnier der leseprobe klemmt")
    world.server = "paper:rival"
    assert await number(world, world.server) == 0
    assert "schon angewendet oder verworfen" in words(await apply(world, draft))
    assert "Hier wurde nichts geändert" in words(await world.command(MAREK, "/policy history"))


async def test_a_change_reaches_another_desk_on_the_same_database(world: World, matcher: Matcher) -> None:
    other = Desk(world.database, matcher, clock=lambda: world.now)
    await other.start()
    assert (await other.policies.of(SERVER)) is matcher
    await teach(world)
    await other.follow_policies()
    changed = await other.policies.of(SERVER)
    assert SENTENCE in changed.policy.categories["defect"].texts[Language.DE].phrases
    assert (await other.policies.of("paper:rival")) is matcher


async def test_a_restart_remembers_it(world: World, matcher: Matcher) -> None:
    await teach(world)
    async with open_database(world.url) as database:
        again = Desk(database, matcher, clock=lambda: world.now)
        await again.start()
        assert (await again.policies.of(SERVER)).policy.version.endswith(".1")


async def test_two_desks_agree_whatever_came_before(world: World, matcher: Matcher) -> None:
    for phrase in ("das scharnier der leseprobe klemmt", "der zeiger eiert", SENTENCE):
        await teach(world, phrase)
    fresh = Desk(world.database, matcher, clock=lambda: world.now)
    await fresh.start()
    one, other = await world.desk.policies.of(SERVER), await fresh.policies.of(SERVER)
    for text in (SENTENCE, "der zeiger eiert bei mir auch", "wann antwortet ihr endlich?", "guten morgen"):
        assert one.match(text) == other.match(text)


async def test_a_changed_ruling_is_a_changed_answer(world: World) -> None:
    await world.post(JONAS, "die galerie stürzt beim öffnen immer ab")
    draft = words(await world.send(MAREK, DEFECT, FORM | {"ruling": "not_covered"}))
    assert "aus „abgedeckt“ wird „nicht abgedeckt“" in draft
    assert "würde anders beantwortet:" in draft
    assert "/policy edit document" in draft


async def test_an_added_category_is_taken_back_by_switching_it_off(world: World) -> None:
    lines = {"de": "darf ich die schrift drucken\nwelche lizenz hat die schrift\nschriftlizenz fürs büro"}
    lines["en"] = "may i print the typeface\nwhich licence has the typeface\ntypeface licence for the office"
    titles = {"title_de": "Schriften", "title_en": "Fonts", "ruling": "not_covered"}
    draft = await world.send(MAREK, "policy-add", titles)
    for language, phrases in lines.items():
        form = action(draft, f"policy-edit:fonts:{language}")
        draft = await world.send(MAREK, form, FORM | {"ruling": "not_covered", "phrases": phrases})
    await apply(world, draft)
    assert "fonts" in (await world.desk.policies.of(SERVER)).policy.categories
    await apply(world, await world.command(MAREK, "/policy undo"))
    assert "fonts" not in (await world.desk.policies.of(SERVER)).policy.categories
    await apply(world, await world.command(MAREK, "/policy on Schriften"))
    assert "fonts" in (await world.desk.policies.of(SERVER)).policy.categories


async def test_an_undo_tells_what_else_it_takes_back(world: World) -> None:
    await teach(world, "das scharnier der leseprobe klemmt")
    await teach(world, "das scharnier der leseprobe klemmt\nder zeiger eiert")
    assert "Damit geht auch Version 2 von Marek zurück: because" in words(await world.command(MAREK, "/policy undo 1"))


async def test_a_phrase_that_changes_its_category_is_told_of_both(world: World) -> None:
    phrase = (await world.desk.policies.of(SERVER)).policy.categories["defect"].texts[Language.DE].phrases[0]
    form = FORM | {"phrases": phrase, "ruling": "covered"}
    told = words(await world.send(MAREK, "policy-edit:usage_question:de:", form))
    assert "„Fragen zur Benutzung“, Deutsch: ein Beispiel mehr" in told
    assert "„Fehler im Artikel“, Deutsch: ein Beispiel weniger" in told


async def test_what_lacks_something_is_kept_and_found_again(world: World) -> None:
    told = await world.send(MAREK, DEFECT, FORM | {"clause": ""})
    assert "braucht auf Deutsch einen Satz der Richtlinie" in words(told)
    again = await world.press(MAREK, action(await world.command(MAREK, "/policy edit"), "policy-draft"))
    assert words(again) == words(told)
    assert action(again, "policy-edit:defect:de")


async def test_what_changes_nothing_is_no_version(world: World) -> None:
    await teach(world)
    assert (
        words(await world.send(MAREK, "policy-edit:usage_question:de:", await unchanged(world))) == "Das ändert nichts."
    )


async def unchanged(world: World) -> dict[str, str]:
    reply = await world.command(MAREK, "/policy edit usage_question")
    assert reply is not None
    assert reply.form is not None
    return {field.name: field.value for field in reply.form.fields}


# --- posts ---------------------------------------------------------------------------------------------


def posted(world: World) -> list[str]:
    return [plain(message.content) for message in world.chat.messages if message.channel == "support"]


async def document(world: World, german: str, english: str) -> None:
    first = await world.send(MAREK, "policy-document:de:", {"document": german})
    second = action(first, "policy-document:en")
    await apply(world, await world.send(MAREK, second, {"document": english}))


GERMAN, ENGLISH = "# Regeln\n\n## Zeiten\n\nBald.\n", "# Rules\n\n## Times\n\nSoon.\n"


async def test_every_post_follows_once(world: World) -> None:
    await world.command(MAREK, "/policy post both")
    await world.command(MAREK, "/policy post Reihenfolge de")
    await world.deliver()
    before = len(world.chat.performed)
    await document(world, GERMAN, ENGLISH)
    await world.deliver()
    german, english, section = posted(world)
    assert german == "# Regeln\n# Zeiten\nBald."
    assert english == "# Rules\n# Times\nSoon."
    assert "gibt es in der Richtlinie nicht mehr" in section
    assert len(world.chat.performed) == before + 3


async def test_what_is_the_same_is_not_edited(world: World) -> None:
    await world.command(MAREK, "/policy post de")
    await world.deliver()
    before = len(world.chat.performed)
    await teach(world)
    await world.deliver()
    assert len(world.chat.performed) == before


async def test_a_post_is_drawn_as_the_policy_is_when_it_is_sent(world: World) -> None:
    world.chat.is_down = True
    await world.command(MAREK, "/policy post de")
    await world.deliver()
    await document(world, GERMAN, ENGLISH)
    world.chat.is_down = False
    world.pass_time(timedelta(minutes=6))
    await world.deliver()
    assert posted(world) == ["# Regeln\n# Zeiten\nBald."]


async def test_others_are_served_while_the_posts_of_many_servers_are_looked_after(world: World) -> None:
    post = PolicyPost("", "policy/1/de", "rules", None, Language.DE, None, START)
    many = [replace(post, server=f"paper:shop{number}") for number in range(1_000)]

    async def post_everywhere(tx: Transaction) -> None:
        for one in many:
            await add_policy_post(tx, one)

    await world.database.transaction(post_everywhere)
    starting = asyncio.create_task(Desk(world.database, world.desk.policies.shipped).start())
    served = 0
    while not starting.done():
        await number(world)
        served += 1
    await starting
    assert served > 15, "and not one transaction for all"
    await world.deliver()
    assert {post.server for post in many} <= {effect.server for _, effect in world.chat.performed}


async def test_the_oldest_of_too_many_posts_follow_no_more(world: World) -> None:
    world.chat.is_down = True
    for _ in range(MOST_POSTS + 3):
        await world.command(MAREK, "/policy post de")
    world.chat.is_down = False
    world.pass_time(timedelta(minutes=6))
    await world.deliver()
    assert len(posted(world)) == MOST_POSTS + 3, "what was promised is posted"
    await world.command(MAREK, "/policy post de")
    assert len(await world.database.transaction(lambda tx: policy_posts_of(tx, SERVER))) == MOST_POSTS


async def test_a_post_that_could_not_be_delivered_is_drawn_anew(world: World) -> None:
    world.chat.answers = [Never("no permission")]
    await world.command(MAREK, "/policy post de")
    await world.deliver()
    dead = await world.database.transaction(dead_letters)
    assert [row["error"] for row in dead] == ["no permission"]
    await document(world, GERMAN, ENGLISH)
    await world.deliver()
    assert posted(world) == ["# Regeln\n# Zeiten\nBald."]


# --- files ---------------------------------------------------------------------------------------------


async def test_the_policy_goes_out_and_in_as_a_file(world: World) -> None:
    await teach(world)
    out = await world.command(MAREK, "/policy export")
    assert out is not None
    assert out.file is not None
    assert SENTENCE in out.file.data.decode()
    assert words(await world.send(MAREK, "policy-import", {"file": out.file.data.decode()})) == "Das ändert nichts."
    edited = out.file.data.decode().replace(SENTENCE, "der drehkranz klemmt beim umblättern")
    draft = await world.send(MAREK, "policy-import", {"file": edited})
    assert "ein Beispiel mehr" in words(draft)
    assert "ein Beispiel weniger" in words(draft)
    await apply(world, draft)
    assert "drehkranz klemmt" in str((await world.desk.policies.of(SERVER)).policy.categories["defect"])


async def test_a_broken_file_is_refused_with_its_line(world: World) -> None:
    reply = words(await world.send(MAREK, "policy-import", {"file": "id: defect\nverdict: ["}))
    assert reply.startswith("policy.yaml, Zeile 2: ")
    assert "zu groß" in words(await world.send(MAREK, "policy-import", {"file": "x" * 3_000_001}))


# --- lessons -------------------------------------------------------------------------------------------


async def lessons(world: World, server: str = SERVER) -> list[str]:
    found = await world.database.transaction(lambda tx: open_lessons(tx, server, 99))
    return [lesson.text for lesson in found]


async def wrong_answer(world: World) -> str:
    message = await world.post(EMMA, "Is it covered by support when the gallery crashes?")
    await world.press(EMMA, f"wrong:{message}")
    return message


async def test_a_deleted_message_is_no_lesson_any_more(world: World) -> None:
    message = await wrong_answer(world)
    assert await lessons(world) == ["Is it covered by support when the gallery crashes?"]
    await world.edit(message, "Is it covered by support when the slider crashes?")
    assert await lessons(world) == ["Is it covered by support when the slider crashes?"]
    await world.delete(message)
    assert await lessons(world) == []


async def test_a_lesson_is_decided_about_once(world: World) -> None:
    await wrong_answer(world)
    shown = await world.command(MAREK, "/policy review")
    learn = action(shown, "policy-learn")
    replies = await asyncio.gather(world.press(MAREK, learn), world.press(MAREK, learn))
    assert sorted("hat schon jemand entschieden" in words(reply) for reply in replies) == [False, True]
    assert await number(world) == 1


async def test_one_click_learns_and_the_message_is_answered_so(world: World) -> None:
    await wrong_answer(world)
    shown = await world.command(MAREK, "/policy review")
    learn = action(shown, "policy-learn")
    await world.press(MAREK, learn)
    verdict = (await world.desk.policies.of(SERVER)).match("Is it covered by support when the gallery crashes?")
    assert verdict.category == learn.split(":")[1]
    assert await lessons(world) == []


async def test_lessons_stay_with_their_server(world: World) -> None:
    message = await wrong_answer(world)
    world.server = "paper:rival"
    assert await lessons(world, world.server) == []
    assert "hat schon jemand entschieden" in words(await world.press(MAREK, f"policy-leave:{lesson_id(message)}"))
    assert len(await lessons(world)) == 1


async def test_too_many_lessons_push_out_the_oldest(world: World) -> None:
    await wrong_answer(world)
    (first,) = await world.database.transaction(lambda tx: open_lessons(tx, SERVER, 1))
    for one in range(MOST_LESSONS + 5):
        later = first.at + timedelta(seconds=one + 1)
        lesson = type(first)(SERVER, f"m-{one}", "wrong", f"text {one}", first.language, None, None, later)
        await world.database.transaction(partial(keep_lesson, lesson=lesson))
    assert await world.database.transaction(lambda tx: lesson_count(tx, SERVER)) == MOST_LESSONS
    assert first.text not in await lessons(world)


# --- retention -----------------------------------------------------------------------------------------


async def test_texts_are_forgotten_when_their_time_is_over(world: World) -> None:
    await wrong_answer(world)
    await world.post(JONAS, "die galerie stürzt beim öffnen immer ab")
    await world.command(JONAS, "/close danke")
    await world.post(AYLIN, "x")
    world.pass_time(timedelta(days=89))
    await world.desk.tidy()
    assert len(await lessons(world)) == 1
    world.pass_time(timedelta(days=2))
    await world.desk.tidy()
    assert await lessons(world) == []
    ticket = await world.database.transaction(partial(queries.ticket_by_number, server=SERVER, number=1))
    assert ticket is not None
    assert (ticket.text, ticket.number) == ("", 1)


async def test_a_waiting_ticket_keeps_its_words_whatever_its_age(world: World) -> None:
    await world.post(JONAS, "die galerie stürzt beim öffnen immer ab")
    world.pass_time(timedelta(days=4_000))
    await world.desk.tidy()
    ticket = await world.database.transaction(partial(queries.ticket_by_number, server=SERVER, number=1))
    assert ticket is not None
    assert ticket.text
