"""Where tickets have cards: one receipt and one card each, edited in place; no board, and nothing is said twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Content, Never, OpenThread, Person, PlaceGone, Reply, Ticket, TicketState, Wish
from bot.store import queries
from tests.doubles.paper_chat import Message, label, plain
from tests.doubles.world import AYLIN, EMMA, JONAS, MAREK, SETUP, TOM, World

REQUEST = "The slider does not work after the update"
OTHER = "How do I change the colours?"
PRIVATE = "direct-emma"


@pytest.fixture(autouse=True)
async def _cards(world: World) -> None:
    world.chat.has_cards = True
    await world.send(MAREK, "setup", SETUP)


async def ticket(world: World, number: int = 1) -> Ticket:
    found = await world.database.transaction(lambda tx: queries.ticket_by_number(tx, world.server, number))
    assert found is not None
    return found


async def opened(world: World, person: Person = EMMA, words: str = REQUEST) -> str:
    """Somebody asks in the support channel, and everything that follows has been delivered."""
    message = await world.post(person, words)
    await world.deliver()
    return message


def said(world: World, channel: str) -> list[Message]:
    return [message for message in world.chat.messages if message.channel == channel]


def labels(content: Content) -> list[str]:
    return [label(button, content) for button in content.buttons]


def told(reply: Reply | None) -> str:
    assert reply is not None
    assert reply.content is not None
    return plain(reply.content)


# --- one receipt, one card -----------------------------------------------------------------------------


async def test_a_ticket_is_opened_with_a_receipt_in_its_thread_and_a_card_for_the_agents(world: World) -> None:
    root = await opened(world)
    (receipt,) = said(world, "support")
    (card,) = said(world, "agents")
    assert receipt.thread == root
    assert "number" not in labels(receipt.content)
    assert "Ticket #1 is next in line" in plain(receipt.content)
    assert labels(receipt.content) == ["Close", "My place", "Claim"]
    assert REQUEST in plain(card.content)
    assert f"[thread {root}]" in plain(card.content)
    assert len(world.chat.performed) == 2


async def test_claiming_edits_both_and_says_nothing_more(world: World) -> None:
    await opened(world)
    await world.command(AYLIN, "/claim", channel="agents")
    await world.deliver()
    (receipt,), (card,) = said(world, "support"), said(world, "agents")
    assert "Aylin is taking care of ticket #1" in plain(receipt.content)
    assert "Um Ticket #1 kümmert sich Aylin" in plain(card.content)
    assert len(world.chat.performed) == 2 + 2


async def test_closing_edits_both_and_leaves_nothing_to_press(world: World) -> None:
    root = await opened(world)
    await world.command(AYLIN, "/claim", channel="agents")
    await world.deliver()
    before = len(world.chat.performed)
    assert "closed" in told(await world.press(EMMA, "close:1", thread=root))
    await world.deliver()
    (receipt,), (card,) = said(world, "support"), said(world, "agents")
    assert "Ticket #1 is closed" in plain(receipt.content)
    assert receipt.content.buttons == card.content.buttons == ()
    assert len([one for _, one in world.chat.performed[before:] if one.kind == "say"]) == 2


async def test_closing_words_are_said_in_the_thread(world: World) -> None:
    root = await opened(world)
    await world.command(AYLIN, "/claim", channel="agents")
    await world.command(AYLIN, "/close 1 Version 2.1 mends it", channel="agents")
    await world.deliver()
    last = said(world, "support")[-1]
    assert last.thread == root
    assert "Version 2.1 mends it" in plain(last.content)


async def test_what_does_not_change_is_not_edited(world: World) -> None:
    await opened(world)
    await opened(world, JONAS, OTHER)
    before = [effect for _, effect in world.chat.performed]
    await world.command(TOM, "/claim", channel="agents")
    await world.deliver()
    edited = [effect for _, effect in world.chat.performed][len(before) :]
    assert {effect.replaces for effect in edited if effect.kind == "say"} == {"b1", "b2"}, "those of ticket 1"


async def test_a_ticket_by_command_hangs_under_its_own_receipt(world: World) -> None:
    await world.command(EMMA, f"/ticket {REQUEST}")
    await world.deliver()
    (receipt,), (card,) = said(world, "support"), said(world, "agents")
    assert receipt.thread is None
    assert REQUEST in plain(receipt.content)
    assert (await ticket(world)).thread == receipt.id
    assert f"[thread {receipt.id}]" in plain(card.content)
    await world.command(TOM, "/claim", channel="agents")
    await world.deliver()
    assert "Tom is taking care" in plain(said(world, "support")[0].content)
    assert len(said(world, "support")) == 1


async def test_a_card_is_drawn_even_if_the_thread_cannot_be(world: World) -> None:
    world.chat.for_threads = [Never("the channel is archived")]
    await world.command(EMMA, f"/ticket {REQUEST}")
    await world.deliver()
    (card,) = said(world, "agents")
    assert REQUEST in plain(card.content)
    assert "noch nicht" in plain(card.content)


async def test_no_board_is_posted(world: World) -> None:
    await world.send(MAREK, "setup", SETUP)
    await opened(world)
    assert len(said(world, "agents")) == 1
    assert "#1" in plain(said(world, "agents")[0].content)


async def test_a_new_agents_channel_gets_the_cards_of_what_is_open(world: World) -> None:
    await opened(world)
    await opened(world, JONAS, OTHER)
    await world.command(TOM, "/claim", channel="agents")
    await world.send(MAREK, "setup", SETUP | {"agents": "helpers"})
    await world.deliver()
    assert len(said(world, "helpers")) == 2


async def test_an_answer_becomes_the_receipt_of_its_ticket(world: World) -> None:
    message = await opened(world, JONAS, "Can you change the layout of the theme for me?")
    (answer,) = said(world, "support")
    button = next(one for one in answer.content.buttons if one.action.startswith("open:"))
    await world.press(JONAS, button.action, thread=message)
    await world.deliver()
    (receipt,) = said(world, "support")
    assert "Ticket #1" in plain(receipt.content)
    assert (receipt.id, receipt.thread) == (answer.id, message)
    assert not [one for one in receipt.content.buttons if one.action.startswith("open:")]


async def test_the_first_answer_shows_on_the_card(world: World) -> None:
    root = await opened(world)
    await world.command(TOM, "/claim", channel="agents")
    await world.deliver()
    assert "fällig" in plain(said(world, "agents")[0].content)
    await world.post(TOM, "Please try 2.1", thread=root)
    await world.deliver()
    assert "fällig" not in plain(said(world, "agents")[0].content)


async def test_a_mistyped_command_of_an_agent_is_no_answer(world: World) -> None:
    root = await opened(world)
    await world.post(TOM, "!clam", thread=root)
    assert (await ticket(world)).state is TicketState.WAITING


async def test_a_returned_ticket_is_told_to_the_customer_who_waits(world: World) -> None:
    await opened(world)
    await world.command(TOM, "/claim", channel="agents")
    await world.live(timedelta(hours=20))
    assert (await ticket(world)).state is TicketState.WAITING
    assert any("back" in plain(message.content) for message in said(world, "support"))


# --- answering from the card ---------------------------------------------------------------------------


async def test_an_agent_answers_from_the_card_and_has_claimed_by_it(world: World) -> None:
    root = await opened(world)
    form = await world.press(TOM, "reply:1", channel="agents")
    assert form is not None
    assert form.form is not None
    assert form.form.name == "reply:1"
    await world.send(TOM, "reply:1", {"text": "Please try 2.1"}, channel="agents")
    await world.deliver()
    last = said(world, "support")[-1]
    assert (last.thread, "Please try 2.1" in plain(last.content), "Tom" in plain(last.content)) == (root, True, True)
    one = await ticket(world)
    assert (one.agent, one.first_answer_at is not None) == (TOM.id, True)


async def test_answering_for_a_colleague_takes_nothing_from_them(world: World) -> None:
    await opened(world)
    await world.command(AYLIN, "/claim", channel="agents")
    await world.send(TOM, "reply:1", {"text": "Please try 2.1"}, channel="agents")
    assert (await ticket(world)).agent == AYLIN.id


@pytest.mark.parametrize("person", [EMMA, MAREK], ids=["customer", "moderator"])
async def test_only_agents_answer_from_the_card(world: World, person: Person) -> None:
    await opened(world)
    refused = await world.send(person, "reply:1", {"text": "I am an agent"}, channel="agents")
    assert refused is not None
    assert refused.is_refusal
    await world.deliver()
    assert len(said(world, "support")) == 1


@pytest.mark.parametrize(("form", "words"), [("reply:1", " "), ("reply:9", "x"), ("reply:x", "x"), ("reply", "x")])
async def test_a_forged_or_empty_answer_is_refused(world: World, form: str, words: str) -> None:
    await opened(world)
    refused = await world.send(TOM, form, {"text": words}, channel="agents")
    assert refused is not None
    assert refused.is_refusal


# --- private tickets -----------------------------------------------------------------------------------


async def test_a_private_ticket_runs_where_only_the_customer_reads(world: World) -> None:
    assert "your direct messages" in told(await world.command(EMMA, f"/private {REQUEST}"))
    await world.deliver()
    (receipt,) = said(world, PRIVATE)
    assert REQUEST in plain(receipt.content)
    assert said(world, "support") == []
    opening = next(effect for _, effect in world.chat.performed if isinstance(effect, OpenThread))
    assert (opening.person, opening.is_private) == (EMMA.id, True)
    (card,) = said(world, "agents")
    assert REQUEST in plain(card.content)


@pytest.mark.parametrize("in_thread", [True, False], ids=["in the thread", "beside it"])
async def test_what_the_customer_writes_in_private_is_copied_under_the_card(world: World, *, in_thread: bool) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    (receipt,), (card,) = said(world, PRIVATE), said(world, "agents")
    thread = receipt.id if in_thread else None
    await world.post(EMMA, "It is version 1.9", channel=PRIVATE, thread=thread, is_direct=True)
    await world.deliver()
    copy = said(world, "agents")[-1]
    assert (copy.thread, "It is version 1.9" in plain(copy.content)) == (card.id, True)
    tickets = await world.database.transaction(lambda tx: queries.open_tickets(tx, world.server, EMMA.id))
    assert len(tickets) == 1, "it was no new request"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("It is version 1.9", "Added to ticket #1"),
        ("thank you!", None),
        ("where am I in the line?", "Ticket #1 is next in line"),
    ],
)
async def test_words_beside_a_private_ticket_are_answered_once_at_most(
    world: World, words: str, told: str | None
) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    await world.post(EMMA, words, channel=PRIVATE, is_direct=True)
    await world.deliver()
    answers = [plain(message.content) for message in world.chat.messages if message.thread == "b1"]
    assert [told in answer for answer in answers if told] == ([True] if told else [])
    assert len(answers) == (1 if told else 0)


async def test_a_copy_says_what_the_message_says_now(world: World) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    message = await world.post(EMMA, "my password is hunter2", channel=PRIVATE, is_direct=True)
    await world.deliver()
    await world.edit(message, "it is about my password", channel=PRIVATE, is_direct=True)
    await world.deliver()
    told_agents = [plain(one.content) for one in said(world, "agents")]
    assert not any("hunter2" in words for words in told_agents)
    assert any("it is about my password" in words for words in told_agents)
    await world.delete(message, channel=PRIVATE, is_direct=True)
    await world.deliver()
    assert not any("password" in plain(one.content) for one in said(world, "agents"))


async def test_what_an_agent_answers_in_private_stands_under_the_card_too(world: World) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    await world.send(TOM, "reply:1", {"text": "Please try 2.1"}, channel="agents")
    await world.deliver()
    assert "Please try 2.1" in plain(said(world, "agents")[-1].content)


async def test_who_has_several_private_tickets_is_asked_which_is_meant(world: World) -> None:
    for words in (REQUEST, OTHER):
        await world.command(EMMA, f"/private {words}")
    await world.deliver()
    await world.post(EMMA, "It is version 1.9", channel="dm", is_direct=True)
    await world.deliver()
    question = world.chat.messages[-1]
    assert "which of your tickets" in plain(question.content)
    add = next(one for one in question.content.buttons if one.action.startswith("add:2:"))
    await world.press(EMMA, add.action, channel="dm")
    await world.deliver()
    assert "It is version 1.9" in (await ticket(world, 2)).words
    assert "It is version 1.9" in plain(said(world, "agents")[-1].content)


async def test_thanks_after_the_end_need_no_answer(world: World) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.command(TOM, "/close 1", channel="agents")
    await world.deliver()
    before = len(world.chat.messages)
    await world.post(EMMA, "Thanks a lot!", channel=PRIVATE, is_direct=True)
    await world.deliver()
    assert len(world.chat.messages) == before


async def test_agents_find_a_private_ticket_by_its_card(world: World) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    (card,) = said(world, "agents")
    assert f"[thread {card.id}]" in told(await world.command(TOM, "/claim", channel="agents"))
    assert f"[thread {card.id}]" in told(await world.command(TOM, "/mine", channel="agents"))


async def test_a_ticket_from_a_mention_elsewhere_is_private(world: World) -> None:
    message = await world.post(EMMA, REQUEST, channel="general", is_to_us=True)
    await world.deliver()
    await world.press(EMMA, f"open:{message}", channel="general")
    assert (await ticket(world)).is_private


async def test_commands_under_the_card_mean_its_ticket(world: World) -> None:
    await opened(world, JONAS, OTHER)
    await opened(world)
    second = said(world, "agents")[1]
    await world.command(TOM, "/close", channel="agents", thread=second.id)
    assert (await ticket(world, 2)).state is TicketState.CLOSED
    assert (await ticket(world, 1)).state is TicketState.WAITING


async def test_a_public_conversation_is_not_copied(world: World) -> None:
    root = await opened(world)
    await world.post(EMMA, "It is version 1.9", thread=root)
    await world.deliver()
    assert len(said(world, "agents")) == 1


async def test_who_writes_to_the_bot_directly_is_answered_there(world: World) -> None:
    message = await world.post(EMMA, REQUEST, channel="dm", is_direct=True)
    await world.deliver()
    (answer,) = said(world, "dm")
    assert answer.thread == message
    button = next(one for one in answer.content.buttons if one.action.startswith("open:"))
    await world.press(EMMA, button.action, channel="dm", thread=message)
    await world.deliver()
    assert (await ticket(world)).is_private
    assert said(world, "support") == []
    assert said(world, "dm")[-1].thread == message


async def test_who_writes_to_the_bot_directly_never_meets_silence(world: World) -> None:
    await world.post(EMMA, "lol nice weather", channel="dm", is_direct=True)
    await world.deliver()
    assert len(said(world, "dm")) == 1


async def test_private_words_are_never_said_where_all_can_read_them(world: World) -> None:
    world.chat.for_threads = [Never("the person cannot be written to")]
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    await world.command(TOM, "/claim", channel="agents")
    await world.command(TOM, "/close 1", channel="agents")
    await world.deliver()
    assert {message.channel for message in world.chat.messages} == {"agents"}


async def test_an_agent_reads_that_a_customer_cannot_be_reached(world: World) -> None:
    world.chat.for_threads = [Never("the person cannot be written to")]
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    assert "cannot be reached" in told(await world.press(TOM, "reply:1", channel="agents"))


async def test_a_long_private_request_can_be_read_to_its_end(world: World) -> None:
    await world.command(EMMA, f"/private {'it fails ' * 400}to the end")
    await world.deliver()
    assert "to the end" in plain(said(world, "agents")[0].content)


async def test_words_are_copied_even_if_the_card_was_deleted(world: World) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    (card,) = said(world, "agents")
    world.chat.delete("agents", card.id)
    await world.post(EMMA, "It is version 1.9", channel=PRIVATE, is_direct=True)
    await world.deliver()
    again, copy = said(world, "agents")[1:]
    assert REQUEST in plain(again.content)
    assert (copy.thread, "It is version 1.9" in plain(copy.content)) == (again.id, True)


async def test_words_are_copied_where_the_agents_channel_came_later(world: World) -> None:
    await world.send(MAREK, "setup", SETUP | {"agents": ""})
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    await world.send(MAREK, "setup", SETUP)
    await world.post(EMMA, "It is version 1.9", channel=PRIVATE, is_direct=True)
    await world.deliver()
    card, copy = said(world, "agents")
    assert (copy.thread, "It is version 1.9" in plain(copy.content)) == (card.id, True)


async def test_a_deleted_support_channel_leaves_private_tickets_alone(world: World) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await opened(world, JONAS, OTHER)
    await world.happen(PlaceGone, channel="support")
    assert (await ticket(world, 1)).state is TicketState.WAITING
    assert (await ticket(world, 2)).state is TicketState.CLOSED


async def test_who_is_blocked_is_neither_heard_nor_copied_in_private(world: World) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    before = len(world.chat.messages)
    await world.command(MAREK, f"/block {EMMA.id}")
    await world.post(EMMA, "You will hear from me!", channel=PRIVATE, is_direct=True)
    await world.deliver()
    assert len(world.chat.messages) == before


async def test_who_goes_on_is_told_once_where_the_words_go(world: World) -> None:
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    for words in ("It is version 1.9", "on a phone", "in Firefox"):
        await world.post(EMMA, words, channel=PRIVATE, is_direct=True)
    await world.deliver()
    (receipt,) = said(world, PRIVATE)
    assert len([message for message in world.chat.messages if message.thread == receipt.id]) == 1
    assert len(said(world, "agents")) == 1 + 3


async def test_an_agent_can_answer_a_private_ticket_that_has_no_card(world: World) -> None:
    await world.send(MAREK, "setup", SETUP | {"agents": ""})
    await world.command(EMMA, f"/private {REQUEST}")
    await world.deliver()
    claimed = await world.command(TOM, "/claim")
    assert claimed is not None
    assert claimed.content is not None
    assert "Reply to customer" in labels(claimed.content)


async def test_agents_do_not_read_cards_where_customers_do(world: World) -> None:
    refused = await world.send(MAREK, "setup", SETUP | {"agents": "support"})
    assert refused is not None
    assert refused.is_refusal


# --- signs ---------------------------------------------------------------------------------------------


async def test_a_sign_under_the_request_claims_it(world: World) -> None:
    root = await opened(world)
    reply = await world.pick(TOM, root, EMMA, "", Wish.CLAIM, is_sign=True)
    assert reply == Reply()
    assert (await ticket(world)).agent == TOM.id


async def test_a_sign_never_steals_and_says_nothing(world: World) -> None:
    root = await opened(world)
    await world.command(AYLIN, "/claim", channel="agents")
    assert await world.pick(TOM, root, EMMA, "", Wish.CLAIM, is_sign=True) == Reply()
    assert (await ticket(world)).agent == AYLIN.id


async def test_signs_of_customers_and_under_other_messages_mean_nothing(world: World) -> None:
    root = await opened(world)
    assert await world.pick(JONAS, root, EMMA, "", Wish.CLAIM, is_sign=True) == Reply()
    assert await world.pick(TOM, "another", EMMA, "", Wish.CLAIM, is_sign=True) == Reply()
    assert await world.pick(JONAS, "another", EMMA, REQUEST, Wish.TICKET, is_sign=True) == Reply()
    assert (await ticket(world)).state is TicketState.WAITING


async def test_a_sign_under_what_has_ended_says_nothing(world: World) -> None:
    root = await opened(world)
    await world.command(EMMA, "/close 1")
    assert await world.pick(TOM, root, EMMA, "", Wish.CLAIM, is_sign=True) == Reply()


@pytest.mark.parametrize("in_thread", [True, False], ids=["under the card", "on the card"])
async def test_a_sign_on_the_card_claims_too(world: World, *, in_thread: bool) -> None:
    await opened(world)
    (card,) = said(world, "agents")
    message, thread = ("talk", card.id) if in_thread else (card.id, None)
    how = {"channel": "agents", "thread": thread, "is_sign": True}
    assert await world.pick(TOM, message, TOM, "", Wish.CLAIM, **how) == Reply()  # type: ignore[arg-type]
    assert (await ticket(world)).agent == TOM.id


async def test_a_sign_opens_a_ticket_for_the_author_once(world: World) -> None:
    for person in (EMMA, TOM, TOM):
        assert await world.pick(person, "m77", EMMA, OTHER, Wish.TICKET, is_sign=True) == Reply()
    await world.deliver()
    (receipt,) = said(world, "support")
    assert receipt.thread == "m77"
    assert (await ticket(world)).customer == EMMA.id


async def test_signs_in_other_channels_are_none_of_our_business(world: World) -> None:
    assert await world.pick(EMMA, "m77", EMMA, OTHER, Wish.TICKET, is_sign=True, channel="random") is None


async def test_a_picked_message_of_the_thread_claims_out_of_turn_on_record(world: World) -> None:
    await opened(world, JONAS, OTHER)
    root = await opened(world)
    reply = await world.pick(TOM, "answer", TOM, "hm", Wish.CLAIM, thread=root)
    assert "#2" in told(reply)
    entries = await world.database.transaction(lambda tx: queries.history_of(tx, world.server, 2))
    assert "picked in the thread" in entries[-1]["detail"]


async def test_whoever_is_no_agent_reads_why_they_cannot_claim(world: World) -> None:
    root = await opened(world)
    reply = await world.pick(JONAS, root, EMMA, REQUEST, Wish.CLAIM)
    assert reply is not None
    assert reply.is_refusal


# --- a page of one's own -------------------------------------------------------------------------------


async def test_customers_see_their_tickets_and_agents_also_the_line(world: World) -> None:
    await opened(world)
    mine = await world.press(EMMA, "home")
    assert "Ticket #1 is next in line" in told(mine)
    assert "The line" not in told(mine)
    assert "no open ticket" in told(await world.press(TOM, "home"))
    assert "The line: one ticket" in told(await world.press(TOM, "home"))
    content = (await world.press(TOM, "home") or Reply()).content
    assert content is not None
    assert labels(content)[0] == "Claim next"


async def test_before_anything_is_set_up_the_page_says_how(world: World) -> None:
    world.server = "paper:new"
    assert "/setup" in told(await world.press(EMMA, "home"))


async def test_who_sets_a_server_up_first_decides_on_its_language(world: World) -> None:
    world.server = "paper:new"
    english = Person("ann", "Ann", "en-GB", is_admin=True)
    await world.send(english, "setup", SETUP)
    await opened(world)
    assert "The answer is due" in plain(said(world, "agents")[-1].content)
