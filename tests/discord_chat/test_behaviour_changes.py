"""What changes under way: words edited and deleted, tickets reopened, places and people gone, the bot restarted."""

from __future__ import annotations

import pytest

from tests.discord_chat.conftest import Shop, is_archived, newest, words

CRASH = "The gallery crashes as soon as I open it since yesterday"
A_DAY = 86_400.0


# --- words -------------------------------------------------------------------------------------------


async def test_the_agent_reads_what_the_customer_says_now(shop: Shop) -> None:
    message = await shop.says(shop.emma, CRASH)
    await shop.emma.edit(message, "The gallery crashes, and so does the map")
    await shop.deliver()
    assert "and so does the map" in words(shop.board)
    assert "> The gallery crashes, and so does the map" in words(await shop.uses(shop.aylin, "claim", shop.agents))


async def test_who_deletes_the_question_takes_the_ticket_back(shop: Shop) -> None:
    message = await shop.says(shop.emma, CRASH)
    await shop.emma.delete(message)
    await shop.deliver()
    assert "so ticket #1 is withdrawn." in words(newest(shop.thread))
    assert is_archived(shop.thread)
    assert "niemand wartet" in words(shop.board)


async def test_whoever_works_on_it_is_told_that_the_question_is_gone(shop: Shop) -> None:
    message = await shop.says(shop.emma, CRASH)
    await shop.uses(shop.aylin, "claim", shop.agents)
    await shop.emma.delete(message)
    await shop.deliver()
    assert "The message that ticket #1 came from was deleted." in words(newest(shop.thread))
    assert not is_archived(shop.thread)
    assert CRASH not in words(shop.board)


async def test_many_messages_can_be_deleted_at_once(shop: Shop) -> None:
    messages = [await shop.says(person, CRASH) for person in (shop.emma, shop.jonas)]
    shop.env.backend.bulk_delete_messages(shop.support.id, [message.id for message in messages])
    await shop.deliver()
    assert [is_archived(thread) for thread in shop.threads] == [True, True]


async def test_what_was_deleted_before_the_button_was_pressed_becomes_no_ticket(shop: Shop) -> None:
    message = await shop.says(shop.emma, "hmm something with the header is strange")
    await shop.emma.delete(message)
    await shop.deliver()
    assert "The message was deleted." in words(await shop.presses(shop.emma, newest(shop.thread), "Open a ticket"))


# --- reopening ---------------------------------------------------------------------------------------


async def _closed(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.uses(shop.aylin, "claim", shop.agents)
    await shop.uses(shop.aylin, "close", shop.thread)
    assert is_archived(shop.thread)


async def test_within_a_week_the_customers_words_open_the_ticket_again(shop: Shop) -> None:
    await _closed(shop)
    await shop.env.advance_time(6 * A_DAY)
    await shop.says(shop.emma, "It has come back", shop.thread)
    assert f"<@{shop.emma.id}>, ticket #1 is open again." in words(newest(shop.thread))
    assert not is_archived(shop.thread)
    assert "#1 emma" in words(shop.board)
    assert "Ticket #1 from emma is now yours" in words(await shop.uses(shop.tom, "claim", shop.agents))


async def test_later_a_new_ticket_is_offered(shop: Shop) -> None:
    await _closed(shop)
    await shop.env.advance_time(8 * A_DAY)
    await shop.says(shop.emma, "It has come back", shop.thread)
    offer = newest(shop.thread)
    assert "Ticket #1 was closed a while ago. Shall I open a new one?" in words(offer)
    opened = await shop.presses(shop.emma, offer, "Open a ticket")
    assert "Your ticket is #2" in words(opened)


async def test_thanks_and_other_peoples_words_open_nothing(shop: Shop) -> None:
    await _closed(shop)
    said = len(shop.thread.history())
    await shop.says(shop.emma, "thank you!", shop.thread)
    await shop.says(shop.jonas, "bei mir auch", shop.thread)
    await shop.says(shop.aylin, "You are welcome", shop.thread)
    assert len(shop.thread.history()) == said + 3
    assert "niemand wartet" in words(shop.board)


# --- restarts ----------------------------------------------------------------------------------------


async def test_buttons_from_before_a_restart_work(shop: Shop) -> None:
    await shop.uses(shop.marek, "panel", shop.general)
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    await shop.restart()
    assert "Ticket #1 from emma is now yours" in words(await shop.presses(shop.aylin, receipt, "Claim"))
    await shop.restart()
    assert "aylin has closed ticket #1." in words(await shop.presses(shop.aylin, receipt, "Close"))
    form = await shop.presses(shop.emma, newest(shop.general), "Ticket öffnen")
    assert form.modal is not None


async def test_private_answers_from_before_a_restart_work(shop: Shop) -> None:
    answer = await shop.uses(shop.emma, "covered", question="Please add a dark mode!")
    await shop.restart()
    assert "Your ticket is #1" in words(await shop.presses(shop.emma, answer, "Open a ticket anyway"))


async def test_a_form_that_was_opened_before_a_restart_is_taken(shop: Shop) -> None:
    ticket = await shop.uses(shop.emma, "ticket")
    setup = await shop.uses(shop.marek, "setup")
    await shop.restart()
    assert "Your ticket is #1" in words(await shop.fills_in(shop.emma, ticket, text=CRASH))
    given = {"support": [shop.general], "agent_roles": [shop.agent_role]}
    assert f"Support: <#{shop.general.id}>" in words(await shop.fills_in(shop.marek, setup, **given))


async def test_a_restart_registers_no_commands_again_and_says_nothing_twice(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    said = [len(place.history()) for place in (shop.support, shop.agents, shop.thread)]
    begun = len(shop.env.http_requests)
    await shop.restart()
    assert not [one for one in shop.env.http_requests[begun:] if one.method == "PUT"]
    assert [len(place.history()) for place in (shop.support, shop.agents, shop.thread)] == said
    assert "Ticket #1 from emma is now yours" in words(await shop.uses(shop.aylin, "claim", shop.agents))


@pytest.mark.parametrize(
    "action", ["claim:999", "claim:x", "nonsense", "open:1:2:3", "policy-apply:" + "9" * 80, "a\nb"]
)
async def test_a_button_that_we_never_made_is_refused(shop: Shop, action: str) -> None:
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    for row in _rows(shop, receipt.id):
        row["custom_id"] = action if row["label"] == "Close" else row["custom_id"]
    refused = await shop.presses(shop.aylin, newest(shop.thread), "Close")
    assert refused.ephemeral
    assert "went wrong" not in words(refused)


def _rows(shop: Shop, message: int) -> list[dict[str, object]]:
    """The buttons of a message as they are stored, to be forged."""
    (container,) = shop.env.backend.get_message(shop.thread.id, message).components
    return [button for row in container["components"] if row["type"] == 1 for button in row["components"]]


# --- places and people that go ------------------------------------------------------------------------


async def test_a_deleted_thread_ends_its_ticket_and_the_agents_are_told(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    shop.env.backend.delete_channel(shop.thread.id)
    await shop.deliver()
    told = [words(message) for message in shop.agents.history()]
    assert any("gelöscht" in one and "#1" in one for one in told)
    assert any("niemand wartet" in one for one in told)


async def test_a_deleted_support_channel_is_set_up_no_more(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    shop.env.backend.delete_channel(shop.support.id)
    await shop.deliver()
    assert "Missing: a support channel." in words(await shop.uses(shop.marek, "setup", shop.general, part="show"))
    assert any("#1" in words(message) for message in shop.agents.history())


async def test_a_banned_customer_does_not_stand_in_the_line(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    shop.env.backend.apply_ban(shop.guild.id, shop.emma.id, "spam")
    await shop.deliver()
    assert is_archived(shop.thread)
    assert any("#1" in words(message) and "emma" in words(message) for message in shop.agents.history())
    assert "Nobody is waiting." in words(await shop.uses(shop.aylin, "claim", shop.agents))


async def test_a_customer_who_has_left_is_served_all_the_same(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    shop.guild.remove_member(shop.emma)
    await shop.env.settle()
    assert "Ticket #1 from emma is now yours" in words(await shop.uses(shop.aylin, "claim", shop.agents))
    assert "aylin has closed ticket #1." in words(await shop.uses(shop.aylin, "close", shop.thread))


async def test_a_guild_that_removes_the_bot_is_owed_nothing(shop: Shop) -> None:
    await shop.emma.send(shop.support, CRASH)
    shop.env.backend.remove_guild(shop.guild.id)
    await shop.env.settle()
    begun = len(shop.env.http_requests)
    await shop.deliver()
    assert len(shop.env.http_requests) == begun


async def test_a_permission_that_is_lost_is_no_endless_retry(shop: Shop) -> None:
    assert shop.client.user is not None
    shop.deny(shop.support, shop.client.user.id, "create_public_threads")
    await shop.env.settle()
    begun = len(shop.env.http_requests)
    await shop.says(shop.emma, CRASH)
    await shop.env.advance_time(3_600)
    await shop.deliver()
    assert shop.threads == []
    posts = [one for one in shop.env.http_requests[begun:] if f"/channels/{shop.support.id}" in one.path]
    assert [one.method for one in posts] == ["POST"]  # one reply in the channel: her number and place
    reply = newest(shop.support)
    assert "your request is ticket #1" in words(reply)
    assert "Ticket #1 is next in line." in words(reply)
    told = words(await shop.uses(shop.marek, "setup", shop.general, part="show"))
    assert "Create Public Threads" in told


# --- without the words of messages --------------------------------------------------------------------


class TestWithoutTheIntent:
    """Discord does not give us the words of messages: all but those can be had."""

    @pytest.fixture
    def reads_messages(self) -> bool:
        return False

    async def test_messages_are_not_answered(self, shop: Shop) -> None:
        begun = len(shop.env.http_requests)
        await shop.says(shop.emma, CRASH)
        assert len(shop.env.http_requests) == begun

    async def test_commands_menus_forms_and_mentions_work(self, shop: Shop) -> None:
        assert "Covered: Defects" in words(await shop.uses(shop.emma, "covered", question=CRASH))
        message = await shop.says(shop.emma, CRASH)
        assert "Covered: Defects" in words(await shop.picks(shop.emma, message, "Is this covered?"))
        await shop.picks(shop.emma, message, "Open a ticket from this")
        assert "your request is covered" in words(newest(shop.thread))
        form = await shop.uses(shop.jonas, "ticket")
        assert "#2" in words(await shop.fills_in(shop.jonas, form, text="die App stürzt ab"))
        await shop.says(shop.jonas, f"{shop.bot} die App stürzt ab", shop.general)
        assert "Abgedeckt" in words(newest(shop.general))

    async def test_an_agents_answer_in_the_thread_still_claims(self, shop: Shop) -> None:
        await shop.uses(shop.emma, "ticket", text=CRASH)
        await shop.says(shop.aylin, "Which version do you have?", shop.thread)
        assert "aylin is taking care of this now." in words(newest(shop.thread))

    async def test_an_edit_that_we_cannot_read_changes_nothing(self, shop: Shop) -> None:
        message = await shop.says(shop.emma, CRASH)
        await shop.picks(shop.emma, message, "Open a ticket from this")
        await shop.emma.edit(message, "The map crashes")
        await shop.deliver()
        assert f"> {CRASH}" in words(await shop.uses(shop.aylin, "claim", shop.agents))

    async def test_the_set_up_says_what_is_missing(self, bare_shop: Shop) -> None:
        told = words(await bare_shop.set_up())
        assert told.count("Message Content Intent") == 1

    async def test_no_privileged_intent_is_asked_for(self, shop: Shop) -> None:
        asked = shop.client.intents
        assert [asked.message_content, asked.members, asked.presences] == [False, False, False]


async def test_with_the_intent_the_set_up_does_not_speak_of_it(bare_shop: Shop) -> None:
    assert "Message Content Intent" not in words(await bare_shop.set_up())


async def test_nothing_is_kept_of_members_and_messages(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    await shop.uses(shop.aylin, "claim", shop.agents)
    assert list(shop.client.cached_messages) == []
    assert [member.mention for guild in shop.client.guilds for member in guild.members] == [shop.bot]
    assert list(shop.client.persistent_views) == []
