"""What agents do: take the next ticket, take another one, give back, close, correct; and what customers see of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.discord_chat.conftest import Shop, buttons, is_archived, newest, questions, words

CRASH = "The gallery crashes as soon as I open it since yesterday"
ABSTURZ = "seit gestern stürzt die App beim Start ab"


async def test_claiming_tells_the_agent_all_in_private_and_names_them_in_the_thread(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.env.advance_time(7_200)
    claimed = await shop.uses(shop.aylin, "claim", shop.agents)
    assert claimed.ephemeral
    told = words(claimed)
    assert "Ticket #1 from emma is now yours" in told
    assert "Waited 2 hours" in told
    assert f"> {CRASH}" in told
    assert f"<#{shop.thread.id}>" in told
    assert buttons(claimed) == ["Release", "Correct the verdict", "Close"]
    assert words(newest(shop.thread)) == "aylin is taking care of this now."


async def test_the_line_is_served_in_the_order_of_asking(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.jonas, ABSTURZ)
    assert "Ticket #1 from emma" in words(await shop.uses(shop.aylin, "claim", shop.agents))
    assert "Ticket #2 from jonas" in words(await shop.uses(shop.tom, "claim", shop.agents))
    assert "Nobody is waiting." in words(await shop.uses(shop.aylin, "claim", shop.agents))


async def test_a_claimed_ticket_cannot_be_stolen(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    await shop.presses(shop.aylin, receipt, "Claim")
    assert "already with aylin" in words(await shop.presses(shop.tom, receipt, "Claim"))
    assert "already yours" in words(await shop.presses(shop.aylin, receipt, "Claim"))
    assert "already with aylin" in words(await shop.uses(shop.tom, "claim", number=1))


async def test_the_buttons_of_a_ticket_do_all_that_agents_need(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    assert "Ticket #1 from emma is now yours" in words(await shop.presses(shop.aylin, receipt, "Claim"))
    released = await shop.presses(shop.aylin, receipt, "Release")
    assert "back in line at its old place: number 1" in words(released)
    assert "back in line" in words(newest(shop.thread))
    await shop.presses(shop.tom, receipt, "Claim")
    closed = await shop.presses(shop.tom, receipt, "Close")
    assert not closed.ephemeral
    assert "tom has closed ticket #1." in words(closed)
    assert is_archived(shop.thread)


async def test_the_buttons_under_the_agents_private_answer_work_too(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    claimed = await shop.uses(shop.aylin, "claim", shop.agents)
    await shop.presses(shop.aylin, claimed, "Release")
    claimed = await shop.uses(shop.aylin, "claim", shop.agents)
    closed = await shop.presses(shop.aylin, claimed, "Close")
    assert closed.ephemeral
    assert "Ticket #1 is closed." in words(closed)
    assert "aylin has closed ticket #1." in words(newest(shop.thread))
    assert is_archived(shop.thread)


async def test_claim_within_a_thread_takes_its_ticket(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    claimed = await shop.uses(shop.aylin, "claim", shop.thread)
    assert claimed.ephemeral
    assert "Ticket #1 from emma is now yours" in words(claimed)


@pytest.mark.parametrize("way", ["button", "command in the thread", "command by number"])
async def test_out_of_turn_the_reason_is_asked_for(shop: Shop, way: str) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.jonas, ABSTURZ)
    if way == "button":
        form = await shop.presses(shop.aylin, newest(shop.thread), "Übernehmen")
    elif way == "command by number":
        form = await shop.uses(shop.aylin, "claim", shop.agents, number=2)
    else:
        form = await shop.uses(shop.aylin, "claim", shop.thread)
    assert form.modal is not None
    assert form.modal["title"] == "Claim out of turn"
    assert "One ticket is ahead." in form.modal["components"][0]["label"]
    claimed = await shop.fills_in(shop.aylin, form, reason="Their shop is down")
    assert "Ticket #2 from jonas is now yours" in words(claimed)
    assert "Out of turn: one ticket was ahead. This is on record." in words(claimed)


async def test_out_of_turn_by_number_the_reason_may_come_along(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.jonas, ABSTURZ)
    claimed = await shop.uses(shop.aylin, "claim", shop.agents, number=2, reason="Their shop is down")
    assert "Out of turn: one ticket was ahead." in words(claimed)


async def test_out_of_turn_a_reason_of_no_words_is_none(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.jonas, ABSTURZ)
    form = await shop.uses(shop.aylin, "claim", shop.agents, number=2)
    assert "/claim" in words(await shop.fills_in(shop.aylin, form, reason=" "))


async def test_who_answers_in_the_thread_has_claimed_the_ticket(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.aylin, "Which version do you have?", shop.thread)
    assert "aylin is taking care of this now." in words(newest(shop.thread))
    assert "already with aylin" in words(await shop.uses(shop.tom, "claim", shop.thread, number=1))


async def test_only_the_holder_or_a_moderator_gives_back(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    await shop.uses(shop.aylin, "claim", shop.agents)
    assert "with aylin" in words(await shop.uses(shop.tom, "release", shop.thread))
    given_back = await shop.presses(shop.marek, receipt, "Release")
    assert "back in line at its old place: number 1" in words(given_back)
    await shop.uses(shop.aylin, "claim", shop.agents)
    assert "back in line" in words(await shop.uses(shop.aylin, "release", shop.agents))
    await shop.uses(shop.aylin, "claim", shop.agents)
    assert "back in line" in words(await shop.uses(shop.aylin, "release", shop.agents, number=1))


# --- closing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["in the thread", "in the thread by number", "elsewhere", "elsewhere by number"])
async def test_a_ticket_is_closed_with_words_from_anywhere(shop: Shop, how: str) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.uses(shop.aylin, "claim", shop.agents)
    place = shop.thread if "thread" in how else shop.agents
    number: dict[str, Any] = {"number": 1} if "number" in how else {}
    answer = await shop.uses(shop.aylin, "close", place, words="Update to 2.1, please", **number)
    last = words(newest(shop.thread))
    assert "aylin has closed ticket #1." in last
    assert "> Update to 2.1, please" in last
    assert "Just write here within 7 days" in last
    assert is_archived(shop.thread)
    if "thread" in how:
        assert not answer.ephemeral
        assert words(answer) == last
    else:
        assert answer.ephemeral
        assert words(answer) == "Ticket #1 is closed."


async def test_the_last_words_come_before_the_thread_is_put_away(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    begun = len(shop.env.http_requests)
    await shop.uses(shop.emma, "close", shop.thread, words="I found it myself")
    paths = [request.path for request in shop.env.http_requests[begun:] if str(shop.agents.id) not in request.path]
    assert ["callback" in paths[0], paths[1:]] == [True, [f"/channels/{shop.thread.id}"]]
    assert "emma has closed ticket #1." in words(newest(shop.thread))


async def test_customers_close_their_own_tickets_only(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    assert "nicht" in words(await shop.presses(shop.jonas, receipt, "Close"))
    assert not is_archived(shop.thread)
    closed = await shop.presses(shop.emma, receipt, "Close")
    assert "emma has closed ticket #1." in words(closed)
    assert is_archived(shop.thread)
    assert "Ticket #1 is closed." in words(await shop.presses(shop.emma, receipt, "Close"))


async def test_an_agent_does_not_close_what_another_holds(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.uses(shop.aylin, "claim", shop.agents)
    assert "Only they, the customer or a moderator" in words(await shop.uses(shop.tom, "close", shop.thread))
    assert "marek has closed" in words(await shop.uses(shop.marek, "close", shop.thread))


async def test_words_that_begin_with_a_number_are_words(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    closed = await shop.uses(shop.emma, "close", shop.thread, words="2.1 has it")
    assert "2.1 has it" in words(closed)


# --- the line ----------------------------------------------------------------------------------------


async def test_queue_shows_the_line_and_claims_the_next(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.jonas, ABSTURZ)
    queue = await shop.uses(shop.aylin, "queue", shop.agents)
    assert queue.ephemeral
    assert "The line: 2 tickets" in words(queue)
    assert f"<#{shop.thread.id}>" in words(queue)
    assert "Ticket #1 from emma is now yours" in words(await shop.presses(shop.aylin, queue, "Claim next"))
    assert "Yours" in words(await shop.uses(shop.aylin, "queue", shop.agents))


async def test_the_board_follows_the_line_in_one_message(shop: Shop) -> None:
    board = shop.board
    await shop.says(shop.emma, CRASH)
    assert shop.board.id == board.id
    assert "Die Warteschlange: ein Ticket" in words(shop.board)
    (label,) = buttons(shop.board)
    claimed = await shop.presses(shop.aylin, shop.board, label)
    assert claimed.ephemeral
    assert "In Arbeit" in words(shop.board)
    assert "aylin: #1 emma" in words(shop.board)


async def test_a_board_that_is_too_old_to_edit_is_posted_anew(shop: Shop) -> None:
    old = shop.board
    shop.env.inject_error("PATCH", f"/channels/*/messages/{old.id}", status=429, code=30046)
    await shop.says(shop.emma, CRASH)
    assert shop.board.id != old.id
    assert "Die Warteschlange: ein Ticket" in words(shop.board)
    assert old.id not in {message.id for message in shop.agents.history()}


async def test_a_board_that_somebody_has_deleted_comes_back(shop: Shop) -> None:
    shop.env.backend.delete_message(shop.agents.id, shop.board.id)
    await shop.says(shop.emma, CRASH)
    assert "Die Warteschlange: ein Ticket" in words(shop.board)


# --- correcting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["button", "command in the thread", "command by number"])
async def test_an_agent_corrects_the_verdict(shop: Shop, way: str) -> None:
    await shop.says(shop.emma, CRASH)
    claimed = await shop.uses(shop.aylin, "claim", shop.agents)
    match way:
        case "button":
            form = await shop.presses(shop.aylin, claimed, "Correct the verdict")
        case "command by number":
            form = await shop.uses(shop.aylin, "correct", shop.agents, number=1)
        case _:
            form = await shop.uses(shop.aylin, "correct", shop.thread)
    options = {option["value"]: option for option in questions(form)["category"]["options"]}
    assert options["defect"]["default"]
    assert options["customization"]["label"].startswith("Customi")
    corrected = await shop.fills_in(shop.aylin, form, category=["customization"])
    assert corrected.ephemeral
    assert "aylin has taken a closer look" in words(newest(shop.thread))
    assert "Fill in the form" in buttons(newest(shop.thread))


# --- private tickets ---------------------------------------------------------------------------------


async def sees(shop: Shop, person: Any) -> bool:
    try:
        shop.thread.history(viewer=person)
    except Exception:  # noqa: BLE001 (the simulation's way of saying no)
        return False
    return True


@pytest.mark.parametrize("way", ["command", "form", "panel", "menu"])
async def test_a_private_ticket_is_seen_by_its_customer_and_the_agents_only(shop: Shop, way: str) -> None:
    match way:
        case "command":
            answer = await shop.uses(shop.emma, "ticket", text=CRASH, private=True)
        case "form":
            form = await shop.uses(shop.emma, "ticket", private=True)
            answer = await shop.fills_in(shop.emma, form, text=CRASH)
        case "panel":
            await shop.uses(shop.marek, "panel", shop.general)
            form = await shop.presses(shop.emma, newest(shop.general), "Privates Ticket")
            answer = await shop.fills_in(shop.emma, form, text=CRASH)
        case _:
            message = await shop.says(shop.emma, "hello everybody", shop.general)
            answer = await shop.picks(shop.emma, message, "Open a private ticket")
    assert answer.ephemeral
    assert "Only you and our team can read it." in words(answer)
    (thread,) = shop.support.threads
    assert "Ticket #1: we have your request" in words(newest(thread))
    assert [await sees(shop, person) for person in (shop.emma, shop.aylin, shop.jonas)] == [True, True, False]
    assert not [message for message in shop.support.history() if "#1" in words(message)]


async def test_an_agent_who_may_not_manage_threads_gets_in_by_claiming(shop: Shop) -> None:
    shop.env.backend.edit_role(shop.guild.id, shop.agent_role.id, {"permissions": 0})
    shop.guild.set_command_permissions(shop.command("claim"), {shop.agent_role: True})
    await shop.uses(shop.emma, "ticket", text=CRASH, private=True)
    assert not await sees(shop, shop.aylin)
    await shop.uses(shop.aylin, "claim", shop.agents)
    assert await sees(shop, shop.aylin)
    assert not await sees(shop, shop.tom)
    assert f"<@{shop.aylin.id}>" in words(newest(shop.thread))
    closed = await shop.uses(shop.aylin, "close", shop.thread)
    assert "aylin has closed ticket #1." in words(closed)
    assert is_archived(shop.thread)
