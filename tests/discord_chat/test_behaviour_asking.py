"""What customers write, and what they get: answers, numbers, silence."""

from __future__ import annotations

import discord
import pytest
from simcord.enums import MessageType

from tests.discord_chat.conftest import Shop, buttons, colour, is_archived, newest, questions, words

CRASH = "The gallery crashes as soon as I open it since yesterday"
CHANGE = "Can you change the footer to three columns for me?"
IS_IT = "the gallery crashes as soon as I open it since yesterday, is that covered by support?"
GREEN, ORANGE, VIOLET = 0x2E9E5B, 0xE8590C, 0x7950F2
TICKET_BUTTONS = ["Claim", "Release", "Close", "My place"]


async def test_a_covered_request_becomes_a_ticket_with_a_green_receipt(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    assert "your request is covered: Defects in the item" in words(receipt)
    assert "Ticket #1 is next in line." in words(receipt)
    assert "<t:" in words(receipt)  # when to expect an answer, in the reader's own time zone
    assert colour(receipt) == discord.Colour(GREEN)
    assert [person.id for person in receipt.mentions] == [shop.emma.id]


async def test_what_is_not_covered_is_answered_and_a_person_is_one_press_away(shop: Shop) -> None:
    await shop.says(shop.emma, CHANGE)
    answer = newest(shop.thread)
    assert "Not covered: " in words(answer)
    assert colour(answer) == discord.Colour(ORANGE)
    assert buttons(answer) == ["Open a ticket anyway", "Fill in the form", "That helped", "Wrong answer"]
    pressed = await shop.presses(shop.emma, answer, "Open a ticket anyway")
    assert pressed.ephemeral
    assert "Ticket #1 is open." in words(pressed)
    assert buttons(newest(shop.thread)) == TICKET_BUTTONS
    again = await shop.presses(shop.emma, answer, "Open a ticket anyway")
    assert "There is already a ticket for this: #1." in words(again)


async def test_a_question_is_answered_and_only_the_asker_says_whether_that_helped(shop: Shop) -> None:
    await shop.says(shop.emma, IS_IT)
    answer = newest(shop.thread)
    assert "Covered: Defects in the item" in words(answer)
    meddling = await shop.presses(shop.jonas, answer, "That helped")
    assert "Dieser Knopf ist für die Person, die gefragt hat." in words(meddling)
    assert not is_archived(shop.thread)
    thanks = await shop.presses(shop.emma, answer, "That helped")
    assert thanks.ephemeral
    assert "Good to hear" in words(thanks)
    assert is_archived(shop.thread)


async def test_a_wrong_answer_leads_to_a_person(shop: Shop) -> None:
    await shop.says(shop.emma, IS_IT)
    sorry = await shop.presses(shop.emma, newest(shop.thread), "Wrong answer")
    assert "Sorry about that" in words(sorry)
    opened = await shop.presses(shop.emma, sorry, "Open a ticket")
    assert "Ticket #1 is open." in words(opened)
    assert buttons(newest(shop.thread)) == TICKET_BUTTONS


async def test_who_is_not_understood_is_offered_a_ticket(shop: Shop) -> None:
    await shop.says(shop.emma, "hmm something with the header is strange")
    assert "Shall I open a ticket" in words(newest(shop.thread))
    assert buttons(newest(shop.thread)) == ["Open a ticket"]


async def test_a_second_message_can_be_added_to_the_ticket(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    first = shop.thread
    await shop.says(shop.emma, "The gallery also crashes on my tablet")
    second = shop.thread
    added = await shop.presses(shop.emma, newest(second), "Add to ticket #1")
    assert "Added to ticket #1." in words(added)
    assert "> The gallery also crashes on my tablet" in words(newest(first))
    assert f"<#{first.id}>" in words(newest(second))
    assert is_archived(second)


async def test_paid_work_goes_by_a_form_to_sales_and_not_into_the_line(shop: Shop) -> None:
    await shop.set_up(sales=[shop.sales])
    await shop.says(shop.emma, "How much do you charge for a custom integration?")
    answer = newest(shop.thread)
    assert colour(answer) == discord.Colour(VIOLET)
    form = await shop.presses(shop.emma, answer, "Fill in the form")
    assert list(questions(form)) == ["product", "wish", "budget", "deadline", "contact"]
    assert questions(form)["wish"]["value"] == "How much do you charge for a custom integration?"
    sent = await shop.fills_in(
        shop.emma, form, product="Aurora", wish="A link to our stock", budget="800", contact="emma@example.org"
    )
    assert "your request has arrived" in words(sent)
    told = words(newest(shop.sales))
    assert "Aurora" in told
    assert "> A link to our stock" in told
    assert f"<@{shop.emma.id}>" in told
    assert "niemand wartet" in words(shop.board)


@pytest.mark.parametrize("small_talk", ["hello everybody", "lol", "👍", "thanks!"])
async def test_small_talk_costs_no_request(shop: Shop, small_talk: str) -> None:
    begun = len(shop.env.http_requests)
    await shop.says(shop.emma, small_talk)
    assert len(shop.env.http_requests) == begun


async def test_other_channels_are_none_of_our_business(shop: Shop) -> None:
    begun = len(shop.env.http_requests)
    await shop.says(shop.emma, CRASH, shop.general)
    assert len(shop.env.http_requests) == begun


async def test_staff_are_no_customers(shop: Shop) -> None:
    begun = len(shop.env.http_requests)
    for person in (shop.aylin, shop.marek):
        await shop.says(person, CRASH)
    assert len(shop.env.http_requests) == begun


async def test_bots_webhooks_and_discord_itself_are_not_answered(shop: Shop) -> None:
    begun = len(shop.env.http_requests)
    robot = shop.guild.add_member(shop.env.create_user("robot", bot=True))
    await shop.says(robot, CRASH)
    await shop.says(robot, f"{shop.bot} {CRASH}")
    await shop.guild.create_webhook(shop.support).send(CRASH, username="emma")
    shop.guild.create_system_message(shop.support, MessageType.NEW_MEMBER, author=shop.emma)
    await shop.deliver()
    assert len(shop.env.http_requests) == begun


# --- commands ----------------------------------------------------------------------------------------


async def test_covered_answers_in_private_and_the_answer_can_become_a_ticket(shop: Shop) -> None:
    answer = await shop.uses(shop.emma, "covered", shop.general, question=CHANGE)
    assert answer.ephemeral
    assert "Not covered: " in words(answer)
    opened = await shop.presses(shop.emma, answer, "Open a ticket anyway")
    assert "Your ticket is #1" in words(opened)
    assert shop.parent_of(shop.thread) == shop.support.id


async def test_covered_without_words_asks_in_a_form(shop: Shop) -> None:
    form = await shop.uses(shop.emma, "covered")
    assert form.modal is not None
    assert form.modal["title"] == "Is this covered?"
    answer = await shop.fills_in(shop.emma, form, text=f"{CHANGE}\n\nIt has two now.")
    assert answer.ephemeral
    assert "Not covered: " in words(answer)


async def test_ticket_opens_a_thread_under_a_message_of_ours(shop: Shop) -> None:
    opened = await shop.uses(shop.emma, "ticket", shop.general, text=CRASH)
    assert opened.ephemeral
    assert f"<#{shop.support.id}>" in words(opened)
    (thread,) = shop.support.threads
    opening = next(one for one in shop.support.history() if one.id == thread.id)
    assert f"> {CRASH}" in words(opening)
    assert "Ticket #1: we have your request" in words(newest(thread))


async def test_ticket_without_words_asks_in_a_form(shop: Shop) -> None:
    form = await shop.uses(shop.emma, "ticket")
    opened = await shop.fills_in(shop.emma, form, text=CRASH)
    assert "Your ticket is #1" in words(opened)
    assert len(shop.support.threads) == 1


async def test_place_tells_where_one_stands(shop: Shop) -> None:
    nothing = await shop.uses(shop.jonas, "place")
    assert "kein offenes Ticket" in words(nothing)
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.jonas, "seit gestern stürzt die App beim Start ab")
    receipt = newest(shop.thread)
    place = await shop.uses(shop.jonas, "place")
    assert place.ephemeral
    assert "Ticket #2 ist auf Platz 2" in words(place)
    pressed = await shop.presses(shop.jonas, receipt, "Mein Platz")
    assert words(pressed) == words(place)


# --- menus on a message ------------------------------------------------------------------------------


async def test_is_this_covered_on_somebodys_message(shop: Shop) -> None:
    message = await shop.says(shop.emma, CHANGE, shop.general)
    answer = await shop.picks(shop.jonas, message, "Is this covered?")
    assert answer.ephemeral
    assert "Nicht abgedeckt: " in words(answer)
    assert shop.threads == []


async def test_a_ticket_from_ones_own_message_hangs_under_it(shop: Shop) -> None:
    message = await shop.says(shop.emma, "hello everybody")
    opened = await shop.picks(shop.emma, message, "Open a ticket from this")
    assert "Your ticket is #1" in words(opened)
    assert shop.thread.id == message.id


async def test_staff_open_a_ticket_for_who_wrote_the_message(shop: Shop) -> None:
    message = await shop.says(shop.emma, "hello everybody")
    await shop.picks(shop.aylin, message, "Open a ticket from this")
    assert shop.thread.id == message.id
    assert f"<@{shop.emma.id}>" in words(newest(shop.thread))
    place = await shop.uses(shop.emma, "place")
    assert "Ticket #1 is next in line." in words(place)


async def test_staff_open_no_ticket_for_a_webhook(shop: Shop) -> None:
    message = await shop.guild.create_webhook(shop.support).send(CRASH, username="emma")
    await shop.deliver()
    await shop.picks(shop.aylin, message, "Open a ticket from this")
    (receipt,) = [newest(thread) for thread in shop.threads]
    assert f"<@{shop.aylin.id}>" in words(receipt)


async def test_another_customers_message_is_no_place_for_ones_own_ticket(shop: Shop) -> None:
    message = await shop.says(shop.emma, "hello everybody")
    await shop.picks(shop.jonas, message, "Open a ticket from this")
    assert shop.thread.id != message.id
    place = await shop.uses(shop.jonas, "place")
    assert "Ticket #1 ist als Nächstes dran." in words(place)


async def test_there_is_one_ticket_for_a_message(shop: Shop) -> None:
    message = await shop.says(shop.emma, CRASH)
    refused = await shop.picks(shop.emma, message, "Open a ticket from this")
    assert "There is already a ticket for this: #1." in words(refused)
    assert len(shop.threads) == 1


async def test_the_menu_also_works_on_a_message_that_was_answered(shop: Shop) -> None:
    message = await shop.says(shop.emma, CHANGE)
    await shop.picks(shop.emma, message, "Open a ticket from this")
    assert len(shop.threads) == 1
    assert buttons(newest(shop.thread)) == TICKET_BUTTONS


# --- mentions ----------------------------------------------------------------------------------------


async def test_who_only_calls_us_reads_what_there_is_to_be_had(shop: Shop) -> None:
    await shop.says(shop.emma, shop.bot)
    panel = newest(shop.thread)  # no word tells the language, so it is the server's
    assert len(buttons(panel)) == 5
    form = await shop.presses(shop.emma, panel, buttons(panel)[0])
    assert "Your ticket is #1" in words(await shop.fills_in(shop.emma, form, text=CRASH))


@pytest.mark.parametrize("person", ["emma", "aylin", "marek"])
async def test_a_mention_is_answered_in_any_channel_whoever_writes(shop: Shop, person: str) -> None:
    writer = getattr(shop, person)
    message = await shop.says(writer, f"{shop.bot} {IS_IT}", shop.general)
    answer = newest(shop.general)
    assert answer.reference is not None
    assert answer.reference.message_id == message.id
    assert "Covered: Defects in the item" in words(answer)
    assert f"<@{writer.id}>" in words(answer)
    assert shop.threads == []


async def test_a_ticket_after_a_mention_elsewhere_is_where_support_is(shop: Shop) -> None:
    await shop.says(shop.emma, f"{shop.bot} {IS_IT}", shop.general)
    opened = await shop.presses(shop.emma, newest(shop.general), "Open a ticket")
    assert "Your ticket is #1" in words(opened)
    assert shop.parent_of(shop.thread) == shop.support.id
    assert buttons(newest(shop.thread)) == TICKET_BUTTONS


async def test_a_mention_inside_a_ticket_is_answered_there(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.emma, f"{shop.bot} how long does it take until you answer?", shop.thread)
    assert len(shop.threads) == 1
    assert "24 to 48 hours" in words(newest(shop.thread))


async def test_our_name_is_no_part_of_the_question(shop: Shop) -> None:
    await shop.says(shop.emma, f"{shop.bot} hmm something with the header is strange")
    await shop.presses(shop.emma, newest(shop.thread), "Open a ticket")
    claimed = await shop.uses(shop.aylin, "claim", shop.agents)
    assert "> hmm something with the header is strange" in words(claimed)


# --- languages ---------------------------------------------------------------------------------------


async def test_a_german_message_gets_a_german_answer(shop: Shop) -> None:
    await shop.says(shop.emma, "seit gestern stürzt die App beim Start ab")
    receipt = newest(shop.thread)
    assert "Ihre Anfrage ist abgedeckt" in words(receipt)
    assert buttons(receipt) == ["Übernehmen", "Zurückgeben", "Schließen", "Mein Platz"]


async def test_a_server_may_say_du(shop: Shop) -> None:
    form = await shop.uses(shop.marek, "setup", part="rules")
    await shop.fills_in(shop.marek, form, language=["de"], address=["du"], retention="90")
    await shop.says(shop.emma, "seit gestern stürzt die App beim Start ab")
    assert "deine Anfrage ist abgedeckt" in words(newest(shop.thread))
    answer = await shop.uses(shop.jonas, "covered", question="seit gestern stürzt die App beim Start ab")
    assert "Ihr" not in words(answer)


async def test_private_answers_speak_the_persons_own_language(shop: Shop) -> None:
    english = await shop.uses(shop.emma, "covered", question="seit gestern stürzt die App beim Start ab")
    german = await shop.uses(shop.jonas, "covered", question=CRASH)
    assert "Covered: Defects in the item" in words(english)
    assert "Abgedeckt: Fehler im Artikel" in words(german)
    form = await shop.uses(shop.jonas, "ticket")
    assert form.modal is not None
    assert form.modal["title"] == "Ticket öffnen"
