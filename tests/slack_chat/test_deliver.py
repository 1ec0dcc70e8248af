"""What is owed on Slack: how it is said once, and what becomes of it where Slack refuses, loses or delays it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count, pairwise
from typing import cast

import aiohttp
import pytest

from adapters.slack_chat.deliver import Delivery, tell
from adapters.slack_chat.workspaces import OneToken, Workspace, Workspaces, client_with
from bot.model import CloseThread, Content, Done, Language, Later, Listener, Never, OpenThread, Outcome, Say
from bot.settings import Settings
from bot.texts import paragraph
from tests.doubles.slack.server import Double, slack_double
from tests.doubles.slack.world import Channel, Message

LONG = "\n\n".join(f"Absatz {number}: " + "Wort " * 400 for number in range(8))
FIVE_MINUTES = timedelta(minutes=5)
_numbers = count(1)


class Notes:
    """As much of a desk as a workspace needs: it keeps things."""

    has_company = False

    def __init__(self) -> None:
        self.notes: dict[tuple[str, str], str] = {}

    async def kept(self, server: str, name: str) -> str | None:
        return self.notes.get((server, name))

    async def keep(self, server: str, name: str, words: str) -> None:
        self.notes[server, name] = words


def content(*words: str) -> Content:
    return Content(Language.DE, tuple(paragraph(word) for word in words))


def new_nonce() -> str:
    """As the outbox makes them."""
    return f"{int(time.time()):x}-{next(_numbers):x}"


@dataclass
class Shop:
    """A workspace with a support channel and an agents' channel, and what delivers there."""

    slack: Double
    session: aiohttp.ClientSession
    desk: Listener = field(default_factory=lambda: cast("Listener", Notes()))
    workspaces: Workspaces = field(init=False)
    delivery: Delivery = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.slack.add_workspace("Acme")
        self.support = self.home.add_channel("support")
        self.agents = self.home.add_channel("agents", private=True)
        self.emma = self.home.add_person("Emma")
        self.settings = Settings(slack_api_url=self.slack.api_url)
        self.token = self.slack.token(self.home)
        self.restart()

    def restart(self) -> None:
        """Another process, that knows nothing of what the one before has done."""
        tokens = OneToken(client_with(self.settings, self.session, self.token))
        self.workspaces = Workspaces(self.settings, self.session, tokens, self.desk)
        self.delivery = Delivery(self.workspaces, self.desk)

    @property
    def server(self) -> str:
        return f"slack:{self.home.id}"

    async def workspace(self) -> Workspace:
        found = await self.workspaces.of(self.home.id)
        assert found is not None
        return found

    def say(self, *words: str, under: Message | None = None, replaces: str | None = None) -> Say:
        channel, thread = (under.channel, under.address) if under else (self.agents, None)
        words = words or ("Guten Tag",)
        return Say(server=self.server, channel=channel.id, thread=thread, content=content(*words), replaces=replaces)

    def asks(self, words: str = "Meine Galerie stürzt ab", channel: Channel | None = None) -> Message:
        return self.emma.says(channel or self.support, words)

    async def does(self, effect: OpenThread | Say | CloseThread, nonce: str | None = None, attempt: int = 1) -> Outcome:
        return await self.delivery.perform(effect, nonce or new_nonce(), attempt)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with slack_double() as slack, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
        yield Shop(slack, session)


def message(outcome: Outcome) -> str:
    assert isinstance(outcome, Done), outcome
    assert outcome.message is not None
    return outcome.message


def ours(shop: Shop, channel: Channel) -> list[Message]:
    return [each for each in channel.messages if each.user is shop.home.bot]


# --- threads ------------------------------------------------------------------------------------------


async def test_every_message_is_a_thread_already(shop: Shop) -> None:
    asked = shop.asks()
    opening = OpenThread(server=shop.server, channel=shop.support.id, message=asked.address, name="Galerie")
    assert await shop.does(opening) == Done(message=asked.address, thread=asked.address)
    closing = CloseThread(server=shop.server, channel=shop.support.id, thread=asked.address)
    assert await shop.does(closing) == Done(thread=asked.address)
    assert shop.slack.calls() == []


async def test_a_thread_without_a_message_hangs_under_its_opening(shop: Shop) -> None:
    effect = OpenThread(
        server=shop.server, channel=shop.support.id, message=None, name="Galerie", opening=content("Ticket 1")
    )
    done = await shop.does(effect)
    (root,) = shop.support.roots
    assert done == Done(message=root.address, thread=root.address)
    assert "Ticket 1" in root.shown


async def test_a_private_thread_runs_in_the_direct_message_and_opens_it_once(shop: Shop) -> None:
    effect = OpenThread(
        server=shop.server,
        channel=shop.support.id,
        message=None,
        name="Galerie",
        opening=content("Ticket 1"),
        is_private=True,
        person=shop.emma.id,
    )
    first, second = message(await shop.does(effect)), message(await shop.does(effect))
    direct = shop.home.direct(shop.emma)
    assert [root.address for root in direct.roots] == [first, second]
    assert shop.support.messages == []
    assert len(shop.slack.calls("conversations.open")) == 1


async def test_a_thread_that_has_nothing_to_hang_under_is_a_fault(shop: Shop) -> None:
    wordless = OpenThread(server=shop.server, channel=shop.support.id, message=None, name="Galerie")
    nobodys = replace(wordless, opening=content("Ticket 1"), is_private=True)
    for outcome in [await shop.does(wordless), await shop.does(nobodys)]:
        assert isinstance(outcome, Never)
        assert outcome.is_fault


# --- messages -----------------------------------------------------------------------------------------


async def test_a_message_in_a_channel(shop: Shop) -> None:
    said = message(await shop.does(shop.say("Guten Tag")))
    (posted,) = shop.agents.roots
    assert posted.address == said
    (request,) = shop.slack.calls("chat.postMessage")
    assert "Guten Tag" in request.args["text"]
    assert (request.args["unfurl_links"], request.args["unfurl_media"]) == (False, False)
    assert not {"parse", "link_names"} & request.args.keys()


async def test_a_message_in_a_thread_goes_where_its_address_says(shop: Shop) -> None:
    asked = shop.asks()
    say = replace(shop.say(under=asked), channel=shop.agents.id)
    said = message(await shop.does(say))
    assert [reply.address for reply in asked.replies] == [said]


async def test_what_is_said_in_a_thread_of_direct_messages_stands_in_the_conversation_too(shop: Shop) -> None:
    asked = shop.emma.writes_to_bot("Meine Lizenz ist 4711")
    await shop.does(shop.say("Hier ist sie", under=asked))
    (said,) = ours(shop, shop.emma.direct)
    assert (said.thread_ts, said.subtype) == (asked.ts, "thread_broadcast")
    await shop.does(shop.say("Hier ist sie", under=shop.asks()))
    (said,) = ours(shop, shop.support)
    assert said.subtype is None


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_what_stands_there_twice_is_found_and_posted_once(shop: Shop, is_restarted: bool) -> None:  # noqa: FBT001
    asked, nonce = shop.emma.writes_to_bot("Meine Lizenz ist 4711"), new_nonce()
    shop.slack.drop_next("chat.postMessage", after_doing=True)
    effect = shop.say("Hier ist sie", under=asked)
    assert isinstance(await shop.does(effect, nonce), Later)
    if is_restarted:
        shop.restart()
    assert isinstance(await shop.does(effect, nonce, 2), Done)
    assert len(ours(shop, shop.emma.direct)) == 1


async def test_an_answer_to_a_message_stands_in_its_thread(shop: Shop) -> None:
    asked = shop.asks()
    await shop.does(replace(shop.say(), channel=shop.support.id, answers=asked.address))
    assert [reply.user for reply in asked.replies] == [shop.home.bot]


async def test_a_long_message_becomes_several_in_order(shop: Shop) -> None:
    said = message(await shop.does(shop.say(LONG)))
    assert said.split(",") == [posted.address for posted in shop.agents.roots]
    assert len(shop.agents.roots) > 1
    moments = [request.at for request in shop.slack.calls("chat.postMessage")]
    assert all(later - earlier >= 1 for earlier, later in pairwise(moments))


async def test_an_edit_takes_one_call(shop: Shop) -> None:
    said = message(await shop.does(shop.say("wartet")))
    before = len(shop.slack.requests)
    assert await shop.does(shop.say("geholt", replaces=said)) == Done(message=said)
    assert [request.method for request in shop.slack.requests[before:]] == ["chat.update"]
    (posted,) = shop.agents.roots
    assert "geholt" in posted.shown
    (edit,) = shop.slack.calls("chat.update")
    assert edit.args["parse"] == "none", "Slack would look for names in it"


async def test_an_edit_that_needs_fewer_messages_takes_the_last_ones_away(shop: Shop) -> None:
    said = message(await shop.does(shop.say(LONG)))
    edited = message(await shop.does(shop.say("kurz", replaces=said)))
    assert edited == said.split(",")[0]
    assert [posted.address for posted in shop.agents.roots] == [edited]
    assert "kurz" in shop.agents.roots[0].shown


async def test_an_edit_that_needs_more_messages_posts_the_further_ones_once(shop: Shop) -> None:
    said, nonce = message(await shop.does(shop.say("kurz"))), new_nonce()
    edit = shop.say(LONG, replaces=said)
    shop.slack.fail_next("chat.postMessage", "fatal_error", after_doing=True)
    assert isinstance(await shop.does(edit, nonce), Later)
    shop.restart()
    edited = message(await shop.does(edit, nonce, 2))
    assert edited.split(",") == [posted.address for posted in shop.agents.roots]
    assert edited.split(",")[0] == said
    assert len(edited.split(",")) > 1
    assert "Absatz 0" in shop.agents.roots[0].shown


async def opened(shop: Shop, words: str) -> tuple[str, str]:
    """A thread under words of ours: the messages, and the one that the thread hangs under."""
    opening = OpenThread(server=shop.server, channel=shop.support.id, message=None, name="", opening=content(words))
    done = await shop.does(opening)
    assert isinstance(done, Done)
    assert done.message is not None
    assert done.thread is not None
    return done.message, done.thread


def receipt(shop: Shop, words: str, replaces: str, thread: str) -> Say:
    return replace(shop.say(words, replaces=replaces), channel=shop.support.id, thread=thread)


async def test_an_edit_never_takes_away_what_a_thread_hangs_under(shop: Shop) -> None:
    said, root = await opened(shop, LONG)
    assert said.split(",")[-1] == root != said
    edited = message(await shop.does(receipt(shop, "kurz", said, root)))
    assert edited == root
    (left,) = shop.support.roots
    assert (left.address, left.is_deleted) == (root, False)
    assert "kurz" in left.shown
    longer = message(await shop.does(receipt(shop, LONG, root, root)))
    assert longer.split(",") == [root, *(reply.address for reply in left.replies)]
    assert message(await shop.does(receipt(shop, "kurz", longer, root))) == root
    assert left.replies == []


@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message"])
async def test_what_a_thread_hangs_under_and_may_not_be_edited_stays_as_it_is(shop: Shop, code: str) -> None:
    said, root = await opened(shop, "wartet")
    shop.slack.fail_next("chat.update", code)
    anew = message(await shop.does(receipt(shop, "geholt", said, root)))
    (left,) = shop.support.roots
    assert left.address == root
    assert [reply.address for reply in left.replies] == [anew]


async def test_what_is_said_under_several_messages_stands_under_the_first(shop: Shop) -> None:
    said = message(await shop.does(shop.say(LONG)))
    await shop.does(replace(shop.say(), thread=said))
    assert len(shop.agents.roots[0].replies) == 1


async def test_what_somebody_has_deleted_is_posted_anew(shop: Shop) -> None:
    said = message(await shop.does(shop.say("wartet")))
    shop.agents.remove(shop.agents.roots[0])
    anew = message(await shop.does(shop.say("geholt", replaces=said)))
    assert anew != said
    assert [posted.address for posted in shop.agents.roots] == [anew]


@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message"])
async def test_what_may_not_be_edited_is_taken_away_and_posted_anew(shop: Shop, code: str) -> None:
    said = message(await shop.does(shop.say("wartet")))
    shop.slack.fail_next("chat.update", code)
    anew = message(await shop.does(shop.say("geholt", replaces=said)))
    assert [posted.address for posted in shop.agents.roots] == [anew]


async def test_nothing_is_said_under_a_message_that_was_deleted(shop: Shop) -> None:
    asked = shop.asks()
    effect = shop.say(under=asked)
    shop.support.remove(asked)
    outcome = await shop.does(effect)
    assert isinstance(outcome, Never)
    assert not outcome.is_fault
    assert shop.support.messages == []


async def test_a_channel_with_another_id_is_found_and_known_by_the_old_one(shop: Shop) -> None:
    asked = shop.asks(channel=shop.agents)
    effects = shop.say(), shop.say(under=asked)
    workspace, old = await shop.workspace(), shop.agents.id
    await workspace.channels.renamed(old, shop.agents.change_id())
    said = [message(await shop.does(effect)) for effect in effects]
    assert len(ours(shop, shop.agents)) == 2
    assert all(address.startswith(f"{old}-") for address in said)
    assert await shop.does(replace(effects[0], replaces=said[0])) == Done(message=said[0])


# --- once, whatever happens ---------------------------------------------------------------------------


def places(shop: Shop) -> list[tuple[str, OpenThread | Say]]:
    asked = shop.asks()
    private = OpenThread(
        server=shop.server,
        channel=shop.support.id,
        message=None,
        name="",
        opening=content("x"),
        is_private=True,
        person=shop.emma.id,
    )
    return [("thread", shop.say(under=asked)), ("channel", shop.say()), ("direct", private)]


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("where", ["thread", "channel", "direct"])
@pytest.mark.parametrize("how", ["503", "fatal_error", "dropped"])
async def test_what_fails_after_it_was_done_is_found(shop: Shop, where: str, how: str, is_restarted: bool) -> None:  # noqa: FBT001
    effect, nonce = dict(places(shop))[where], new_nonce()
    if how == "dropped":
        shop.slack.drop_next("chat.postMessage", after_doing=True)
    else:
        code, status = ("service_unavailable", 503) if how == "503" else (how, 200)
        shop.slack.fail_next("chat.postMessage", code, status=status, after_doing=True)
    assert isinstance(await shop.does(effect, nonce), Later)
    if is_restarted:
        shop.restart()
    found = message(await shop.does(effect, nonce, 2))
    assert [each.address for channel in shop.home.channels.values() for each in ours(shop, channel)] == [found]


@pytest.mark.parametrize("how", ["put off", "refused"])
async def test_what_another_worker_has_posted_since_our_own_attempt_is_found(shop: Shop, how: str) -> None:
    nonce, ours_first = new_nonce(), shop.delivery
    if how == "put off":
        shop.slack.limit_next("chat.postMessage", 1)
    else:
        shop.slack.fail_next("chat.postMessage", "is_archived")
    before = await shop.does(shop.say(), nonce)
    assert isinstance(before, Later)
    counted = 1 if before.is_untouched else 2
    shop.restart()
    shop.slack.drop_next("chat.postMessage", after_doing=True)
    assert isinstance(await shop.does(shop.say(), nonce, counted), Later)
    await asyncio.sleep(1)  # until we may post again
    found = message(await ours_first.perform(shop.say(), nonce, counted + 1))
    assert [each.address for each in shop.agents.roots] == [found]


async def test_another_worker_has_posted_while_our_own_call_took_long(shop: Shop) -> None:
    nonce, slow = new_nonce(), shop.delivery
    await shop.workspace()
    slow.patience = timedelta(seconds=0.1)
    shop.slack.fail_next("chat.postMessage", "is_archived", delay=0.4)
    assert await shop.does(shop.say(), nonce) == Later("takes long", timedelta(seconds=10))
    await asyncio.sleep(0.6)  # until it has ended
    shop.restart()
    shop.slack.drop_next("chat.postMessage", after_doing=True)
    assert isinstance(await shop.does(shop.say(), nonce, 2), Later)
    await asyncio.sleep(1)  # until we may post again
    slow.patience = timedelta(seconds=5)
    assert isinstance(await slow.perform(shop.say(), nonce, 3), Later), "what has become of the slow call"
    found = message(await slow.perform(shop.say(), nonce, 4))
    assert [each.address for each in shop.agents.roots] == [found]


async def test_two_workers_that_take_turns_come_to_the_end_of_a_long_look(shop: Shop) -> None:
    nonce = new_nonce()
    shop.slack.drop_next("chat.postMessage", after_doing=True)
    assert isinstance(await shop.does(shop.say(), nonce), Later)
    for number in range(40):
        shop.asks(f"Frage {number}", shop.agents)
    one = shop.delivery
    shop.restart()
    await shop.workspace()
    outcome: Outcome | None = None
    for delivery in (one, shop.delivery, one, shop.delivery, one):
        shop.slack.slow_next("conversations.history", 0.2)
        before = len(shop.slack.calls("conversations.history"))
        looking = asyncio.create_task(delivery.perform(shop.say(), nonce, 2))
        await shop.slack.until(lambda before=before: len(shop.slack.calls("conversations.history")) > before)  # type: ignore[misc]
        shop.slack.limit_next("conversations.history", 1)
        outcome = await looking
        if isinstance(outcome, Done):
            break
        assert isinstance(outcome, Later)
        assert outcome.is_untouched, "an attempt that only looked does not count"
        await asyncio.sleep(1)
    assert len(ours(shop, shop.agents)) == 1
    assert isinstance(outcome, Done)


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_an_edit_that_may_have_arrived_is_taken_back_where_it_is_not_wanted_any_more(
    shop: Shop,
    is_restarted: bool,  # noqa: FBT001
) -> None:
    nonce = new_nonce()
    shop.slack.drop_next("chat.postMessage", after_doing=True)
    assert isinstance(await shop.does(shop.say("3 warten"), nonce), Later)
    shop.slack.drop_next("chat.update", after_doing=True)
    assert isinstance(await shop.does(shop.say("4 warten"), nonce, 2), Later)
    if is_restarted:
        shop.restart()
    message(await shop.does(shop.say("3 warten"), nonce, 3))
    assert ["3 warten" in each.shown for each in shop.agents.roots] == [True]


async def test_what_fails_before_it_was_done_is_posted(shop: Shop) -> None:
    nonce = new_nonce()
    shop.slack.fail_next("chat.postMessage", "internal_error", status=500)
    assert isinstance(await shop.does(shop.say(), nonce), Later)
    assert message(await shop.does(shop.say(), nonce, 2)) == shop.agents.roots[0].address
    assert len(shop.slack.calls("conversations.history")) == 1


async def test_the_same_words_under_another_nonce_are_another_message(shop: Shop) -> None:
    message(await shop.does(shop.say()))
    shop.restart()
    message(await shop.does(shop.say(), new_nonce(), 2))
    assert len(shop.agents.roots) == 2


async def test_a_clear_refusal_needs_no_look(shop: Shop) -> None:
    nonce = new_nonce()
    shop.slack.fail_next("chat.postMessage", "is_archived")
    assert isinstance(await shop.does(shop.say(), nonce), Later)
    message(await shop.does(shop.say(), nonce, 2))
    assert shop.slack.calls("conversations.history") == []


async def test_a_slack_that_cannot_be_reached_needs_no_look(shop: Shop) -> None:
    nonce, workspace = new_nonce(), await shop.workspace()
    there, workspace.client.base_url = workspace.client.base_url, "http://127.0.0.1:9/api/"
    assert isinstance(await shop.does(shop.say(), nonce), Later)
    workspace.client.base_url = there
    message(await shop.does(shop.say(), nonce, 2))
    assert shop.slack.calls("conversations.history") == []


async def test_done_twice_is_done_once(shop: Shop) -> None:
    nonce = new_nonce()
    assert await shop.does(shop.say(), nonce) == await shop.does(shop.say(), nonce, 2)
    assert len(shop.agents.roots) == 1


async def breaks_off(shop: Shop, long: Say, nonce: str) -> None:
    """Post the first part, and the second with an end that nobody knows."""
    delivering = asyncio.create_task(shop.does(long, nonce))
    await shop.slack.until(lambda: shop.agents.roots)
    shop.slack.fail_next("chat.postMessage", status=500, after_doing=True)
    assert isinstance(await delivering, Later)


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_long_message_goes_on_after_the_last_part_that_was_posted(shop: Shop, is_restarted: bool) -> None:  # noqa: FBT001
    nonce = new_nonce()
    await breaks_off(shop, shop.say(LONG), nonce)
    assert len(shop.agents.roots) == 2
    if is_restarted:
        shop.restart()
    found = message(await shop.does(shop.say(LONG), nonce, 2))
    assert found.split(",") == [posted.address for posted in shop.agents.roots]
    assert message(await shop.does(shop.say(LONG))).count(",") == found.count(",")


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_what_was_drawn_anew_meanwhile_is_edited(shop: Shop, is_restarted: bool) -> None:  # noqa: FBT001
    nonce = new_nonce()
    shop.slack.fail_next("chat.postMessage", "fatal_error", after_doing=True)
    await shop.does(shop.say("wartet"), nonce)
    if is_restarted:
        shop.restart()
    found = message(await shop.does(shop.say("geholt"), nonce, 2))
    (posted,) = shop.agents.roots
    assert posted.address == found
    assert "geholt" in posted.shown


async def test_what_was_drawn_shorter_meanwhile_leaves_nothing_behind(shop: Shop) -> None:
    nonce = new_nonce()
    await breaks_off(shop, shop.say(LONG), nonce)
    found = message(await shop.does(shop.say("kurz"), nonce, 2))
    assert [posted.address for posted in shop.agents.roots] == [found]


async def test_it_is_found_behind_many_other_messages(shop: Shop) -> None:
    nonce = new_nonce()
    shop.slack.fail_next("chat.postMessage", "fatal_error", after_doing=True)
    await shop.does(shop.say(), nonce)
    for number in range(40):
        shop.asks(f"Frage {number}", shop.agents)
    message(await shop.does(shop.say(), nonce, 2))
    assert len(ours(shop, shop.agents)) == 1
    assert len(shop.slack.calls("conversations.history")) == 3
    assert all(request.args["limit"] == "15" for request in shop.slack.calls("conversations.history"))


async def test_a_look_goes_on_where_slack_has_stopped_it(shop: Shop) -> None:
    nonce = new_nonce()
    shop.slack.fail_next("chat.postMessage", "fatal_error", after_doing=True)
    await shop.does(shop.say(), nonce)
    for number in range(40):
        shop.asks(f"Frage {number}", shop.agents)
    shop.slack.slow_next("conversations.history", 0.2)
    looking = asyncio.create_task(shop.does(shop.say(), nonce, 2))
    await shop.slack.until(lambda: shop.slack.calls("conversations.history"))
    shop.slack.limit_next("conversations.history", 1)
    assert await looking == Later("throttled by Slack", timedelta(seconds=1), is_untouched=True)
    message(await shop.does(shop.say(), nonce, 2))
    looks = shop.slack.calls("conversations.history")
    assert [look.args.get("cursor") for look in looks] == [None, "15", "15", "30"]
    assert len(ours(shop, shop.agents)) == 1


async def test_somebody_elses_message_with_our_sign_is_not_taken_for_ours(shop: Shop) -> None:
    nonce = new_nonce()
    sign = {"event_type": "wartemarke_effect", "event_payload": {"nonce": nonce, "page": 0, "digest": ""}}
    shop.asks(channel=shop.agents).metadata = sign
    message(await shop.does(shop.say(), nonce, 2))
    assert len(ours(shop, shop.agents)) == 1


@pytest.mark.parametrize("code", ["missing_scope", "channel_not_found", "not_allowed_token_type"])
async def test_where_we_may_not_read_it_is_posted(shop: Shop, code: str) -> None:
    shop.slack.fail_next("conversations.history", code)
    message(await shop.does(shop.say(), new_nonce(), 2))
    assert len(shop.agents.roots) == 1


async def test_what_went_astray_because_its_root_is_gone_is_taken_back(shop: Shop) -> None:
    asked, nonce = shop.asks(), new_nonce()
    effect = shop.say(under=asked)
    shop.support.remove(asked)
    shop.slack.fail_next("chat.postMessage", "fatal_error", after_doing=True)
    assert isinstance(await shop.does(effect, nonce), Later)
    assert len(ours(shop, shop.support)) == 1
    shop.restart()
    outcome = await shop.does(effect, nonce, 2)
    assert isinstance(outcome, Never)
    assert shop.support.messages == []


async def test_an_edit_whose_end_nobody_knows_is_made_again(shop: Shop) -> None:
    said, nonce = message(await shop.does(shop.say("wartet"))), new_nonce()
    edit = shop.say("geholt", replaces=said)
    shop.slack.drop_next("chat.update", after_doing=True)
    assert isinstance(await shop.does(edit, nonce), Later)
    assert await shop.does(edit, nonce, 2) == Done(message=said)
    assert len(shop.agents.roots) == 1


async def test_what_takes_long_goes_on_and_is_done_once(shop: Shop) -> None:
    nonce = new_nonce()
    shop.delivery.patience = timedelta(seconds=0.1)
    shop.slack.slow_next("chat.postMessage", 0.5)
    await shop.workspace()
    assert await shop.does(shop.say(), nonce) == Later("takes long", timedelta(seconds=10))
    shop.delivery.patience = timedelta(seconds=2)
    message(await shop.does(shop.say(), nonce, 2))
    assert len(shop.agents.roots) == len(shop.slack.calls("chat.postMessage")) == 1


# --- limits -------------------------------------------------------------------------------------------


async def until_done(shop: Shop, effect: Say) -> None:
    """As the outbox does it."""
    nonce, attempt = new_nonce(), 1
    while not isinstance(outcome := await shop.does(effect, nonce, attempt), Done):
        assert isinstance(outcome, Later)
        assert outcome.wait is not None
        attempt += not outcome.is_untouched
        await asyncio.sleep(outcome.wait.total_seconds())


async def test_a_channel_gets_one_message_a_second_and_others_do_not_wait(shop: Shop) -> None:
    shop.slack.api.rates.is_strict, shop.slack.api.rates.channel_burst = True, 1
    asked = shop.asks()
    waiting = asyncio.gather(*(until_done(shop, shop.say()) for _ in range(4)))
    await asyncio.wait_for(until_done(shop, shop.say(under=asked)), 1)
    await waiting
    assert len(shop.agents.roots) == 4
    assert shop.slack.api.rates.refused == 0
    assert [call.method for call in shop.slack.calls()] == ["chat.postMessage"] * 5


async def test_a_throttled_channel_does_not_hold_up_the_others(shop: Shop) -> None:
    asked = shop.asks()
    shop.slack.limit_next("chat.postMessage", 30)
    nonce = new_nonce()
    refused = await shop.does(shop.say(), nonce)
    assert refused == Later("throttled by Slack", timedelta(seconds=30), is_untouched=True)
    message(await shop.does(shop.say(under=asked)))
    again = await shop.does(shop.say(), nonce)
    assert isinstance(again, Later)
    assert again.wait is not None
    assert timedelta(seconds=28) < again.wait <= timedelta(seconds=30)
    assert len(shop.slack.calls("chat.postMessage")) == 2


async def test_what_has_reached_nothing_is_told_as_such(shop: Shop) -> None:
    shop.slack.fail_next("auth.test", "service_unavailable", status=503)
    unmet = await shop.does(shop.say())
    assert unmet == Later("Slack says service_unavailable", timedelta(seconds=10), is_untouched=True)
    waiting = [asyncio.create_task(shop.does(shop.say())) for _ in range(6)]
    put_off = [outcome for outcome in await asyncio.gather(*waiting) if isinstance(outcome, Later)]
    assert put_off
    assert all(outcome.is_untouched and outcome.wait for outcome in put_off)


@pytest.mark.parametrize("how", ["unsure", "begun"])
async def test_what_may_have_reached_something_is_not(shop: Shop, how: str) -> None:
    nonce, effect = new_nonce(), shop.say(LONG)
    if how == "begun":
        delivering = asyncio.create_task(shop.does(effect, nonce))
        await shop.slack.until(lambda: shop.agents.roots)
        shop.slack.limit_next("chat.postMessage", 1)
        outcome = await delivering
    else:
        shop.slack.drop_next("chat.postMessage", after_doing=True)
        outcome = await shop.does(effect, nonce)
    assert isinstance(outcome, Later)
    assert not outcome.is_untouched


async def test_a_throttled_method_is_left_alone(shop: Shop) -> None:
    said = message(await shop.does(shop.say()))
    shop.slack.limit_next("chat.update", 30)
    outcomes = [await shop.does(shop.say("geholt", replaces=said)) for _ in range(3)]
    assert all(isinstance(outcome, Later) and outcome.wait for outcome in outcomes)
    assert len(shop.slack.calls("chat.update")) == 1


# --- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "wait"),
    [
        ("not_in_channel", 200, FIVE_MINUTES),
        ("channel_not_found", 200, FIVE_MINUTES),
        ("is_archived", 200, FIVE_MINUTES),
        ("restricted_action", 200, FIVE_MINUTES),
        ("restricted_action_read_only_channel", 200, FIVE_MINUTES),
        ("missing_scope", 200, FIVE_MINUTES),
        ("team_access_not_granted", 200, FIVE_MINUTES),
        ("token_expired", 200, None),
        ("fatal_error", 200, None),
        ("internal_error", 500, None),
        ("service_unavailable", 503, None),
        ("request_timeout", 408, None),
        ("ratelimited", 200, timedelta(seconds=30)),
    ],
)
async def test_what_can_still_be_is_tried_again(shop: Shop, code: str, status: int, wait: timedelta | None) -> None:
    shop.slack.fail_next("chat.postMessage", code, status=status)
    nonce = new_nonce()
    outcome = await shop.does(shop.say(), nonce)
    assert isinstance(outcome, Later)
    assert outcome.wait == wait
    assert not shop.delivery.refused


@pytest.mark.parametrize("code", ["msg_too_long", "msg_blocks_too_long", "invalid_blocks", "no_text", "never_heard_of"])
async def test_what_can_never_be_is_given_up_and_told(shop: Shop, code: str) -> None:
    shop.slack.fail_next("chat.postMessage", code)
    outcome = await shop.does(shop.say())
    assert outcome == Never(f"Slack says {code}")


@pytest.mark.parametrize("code", ["user_not_found", "cannot_dm_bot", "user_disabled"])
async def test_somebody_who_cannot_be_written_to_is_given_up(shop: Shop, code: str) -> None:
    shop.slack.fail_next("conversations.open", code)
    outcome = await shop.does(dict(places(shop))["direct"])
    assert outcome == Never(f"Slack says {code}")


async def test_an_answer_that_is_not_slacks_is_tried_again(shop: Shop) -> None:
    workspace = await shop.workspace()
    workspace.client.base_url = f"{shop.slack.world.base_url}/nowhere/"
    assert isinstance(await shop.does(shop.say()), Later)


@pytest.mark.parametrize("code", ["account_inactive", "invalid_auth", "not_authed", "token_revoked"])
async def test_a_refused_token_is_told(shop: Shop, code: str) -> None:
    shop.slack.fail_next("chat.postMessage", code)
    outcome = await shop.does(shop.say())
    assert outcome == Later(f"Slack says {code}", FIVE_MINUTES)
    assert shop.delivery.refused == {shop.home.id}


async def test_a_token_that_was_refused_before_anything_was_asked_is_told_too(shop: Shop) -> None:
    shop.slack.world.revoke(shop.home)
    assert isinstance(await shop.does(shop.say()), Later)
    assert shop.delivery.refused == {shop.home.id}


async def test_a_workspace_without_the_bot_is_owed_nothing(shop: Shop) -> None:
    outcome = await shop.does(replace(shop.say(), server="slack:TELSEWHERE"))
    assert outcome == Never("the bot is not installed in this workspace", is_fault=False)


async def test_a_channel_without_the_bot_or_in_the_archive_waits(shop: Shop) -> None:
    shop.agents.remove_bot()
    shop.support.archive()
    assert isinstance(await shop.does(shop.say()), Later)
    assert isinstance(await shop.does(replace(shop.say(), channel=shop.support.id)), Later)


# --- telling one person -------------------------------------------------------------------------------


async def test_only_one_person_reads_what_they_are_told(shop: Shop) -> None:
    asked = shop.asks()
    await tell(await shop.workspace(), shop.emma.id, shop.support.id, content("Nur für Sie"), asked.address)
    (whispered,) = shop.home.ephemerals
    assert (whispered.seen_by, whispered.channel, whispered.thread_ts) == (shop.emma, shop.support, asked.ts)
    assert "Nur für Sie" in whispered.shown


@pytest.mark.parametrize("channel", ["", "agents"])
async def test_who_is_not_there_is_told_in_a_direct_message(shop: Shop, channel: str) -> None:
    shop.agents.remove_bot()
    where = shop.agents.id if channel else ""
    await tell(await shop.workspace(), shop.emma.id, where, content("Nur für Sie"))
    (told,) = shop.home.direct(shop.emma).messages
    assert "Nur für Sie" in told.shown


@pytest.mark.parametrize("is_in_thread", [False, True])
async def test_in_direct_messages_what_is_told_stays(shop: Shop, is_in_thread: bool) -> None:  # noqa: FBT001
    asked = shop.emma.writes_to_bot("place")
    thread = asked.address if is_in_thread else None
    await tell(await shop.workspace(), shop.emma.id, shop.emma.direct.id, content("Nur für dich"), thread)
    assert shop.home.ephemerals == []
    (said,) = ours(shop, shop.emma.direct)
    assert (said.text, said.thread_ts) == ("Nur für dich", asked.ts if is_in_thread else None)


async def test_a_word_that_cannot_be_told_is_let_go(shop: Shop) -> None:
    workspace = await shop.workspace()
    workspace.client.base_url = "http://127.0.0.1:9/api/"
    await tell(workspace, shop.emma.id, shop.support.id, content("Nur für Sie"))
