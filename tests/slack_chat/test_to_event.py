"""What Slack tells becomes events of the desk: the same ones however often and by whatever way it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from adapters.slack_chat import to_event
from adapters.slack_chat.workspaces import Workspace
from bot.desk.blocking import _PERSON
from bot.model import (
    ButtonPressed,
    CommandUsed,
    FormSent,
    MessageDeleted,
    MessageEdited,
    MessagePicked,
    MessagePosted,
    PlaceGone,
    ServerJoined,
    ServerLeft,
    Wish,
)
from tests.slack_chat.paper_slack import BOT, TEAM, PaperSlack, refusal, workspace

CUSTOMER, AGENT = "U0AYLIN", "U0MAREK"
ROOT, TS, LATER = "1700000000.000100", "1700000007.123456", "1700000100.654321"
AT = datetime(2023, 11, 14, 22, 13, 27, 123456, tzinfo=UTC)
ORDER = 1_700_000_007_123_456
SERVER = f"slack:{TEAM}"

Json = dict[str, Any]


@pytest.fixture
def slack() -> PaperSlack:
    slack = PaperSlack()
    slack.add(CUSTOMER, "Aylin")
    slack.add(AGENT, "Marek", locale="en-US")
    slack.add("U0ROBOT", "Robot", is_bot=True)
    return slack


@pytest.fixture
def acme(slack: PaperSlack) -> Workspace:
    return workspace(slack)


def told(event: Json, event_id: str = "Ev1") -> Json:
    return {"type": "event_callback", "team_id": TEAM, "event_id": event_id, "event_time": 1700000007, "event": event}


def message(text: str = "My menu is broken", **more: Any) -> Json:
    return {
        "type": "message",
        "user": CUSTOMER,
        "text": text,
        "ts": TS,
        "channel": "C1",
        "channel_type": "channel",
        "event_ts": TS,
        **more,
    }


def changed(new: Json, old: Json | None, **more: Any) -> Json:
    event = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": "C1", "ts": LATER, **more}
    return {**event, "event_ts": LATER, "message": new, **({"previous_message": old} if old is not None else {})}


# --- messages -----------------------------------------------------------------------------------------


async def test_a_message_in_a_channel(acme: Workspace) -> None:
    event = await to_event.message_event(acme, told(message("Fish &amp; chips")))
    assert event == MessagePosted(
        key=f"message-C1-{TS}",
        server=SERVER,
        channel="C1",
        thread=None,
        order=ORDER,
        at=AT,
        is_direct=False,
        person=await acme.people.person(CUSTOMER),
        message=f"C1-{TS}",
        text="Fish & chips",
        is_to_us=False,
    )


@pytest.mark.parametrize("subtype", ["file_share", "me_message", "thread_broadcast"])
async def test_people_write_messages_of_some_subtypes(acme: Workspace, subtype: str) -> None:
    assert isinstance(await to_event.message_event(acme, told(message(subtype=subtype))), MessagePosted)


@pytest.mark.parametrize(
    "more",
    [
        {"subtype": "channel_join"},
        {"subtype": "bot_message", "bot_id": "B1"},
        {"bot_id": "B1"},
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"user": None},
        {"hidden": True},
    ],
)
async def test_what_people_did_not_write_is_none_of_our_business(acme: Workspace, more: Json) -> None:
    assert await to_event.message_event(acme, told(message(**more))) is None


@pytest.mark.parametrize(("root", "thread"), [(ROOT, f"C1-{ROOT}"), (TS, None)])
async def test_a_reply_stands_in_the_thread_of_its_root(acme: Workspace, root: str, thread: str | None) -> None:
    event = await to_event.message_event(acme, told(message(thread_ts=root)))
    assert event is not None
    assert event.thread == thread


async def test_a_mention_that_is_told_twice_is_one_event(acme: Workspace) -> None:
    words = f"<@{BOT}> my menu is broken"
    mention = {"type": "app_mention", "user": CUSTOMER, "text": words, "ts": TS, "channel": "C1", "event_ts": TS}
    one = await to_event.message_event(acme, told(message(words), "Ev1"))
    other = await to_event.message_event(acme, told(mention, "Ev2"))
    assert one == other
    assert isinstance(one, MessagePosted)
    assert (one.is_to_us, one.text) == (True, "my menu is broken")


async def test_direct_messages_are_direct_and_always_to_us(acme: Workspace) -> None:
    event = await to_event.message_event(acme, told(message(f"<@{BOT}> hello", channel="D1", channel_type="im")))
    assert isinstance(event, MessagePosted)
    assert (event.channel, event.is_direct, event.is_to_us, event.text) == ("D1", True, False, "hello")


@pytest.mark.parametrize(
    ("more", "command"),
    [
        ({"text": f"<@{BOT}> claim"}, ("claim", "", None)),
        ({"text": f"<@{BOT}> close", "thread_ts": ROOT}, ("close", "", f"C1-{ROOT}")),
        ({"text": "!release", "thread_ts": ROOT}, ("release", "", f"C1-{ROOT}")),
        ({"text": f"<@{BOT}> claim 12 too urgent"}, ("claim", "12 too urgent", None)),
        ({"text": f"<@{BOT}> policy &lt;b&gt;?"}, ("policy", "<b>?", None)),
        ({"text": "Place", "channel": "D1", "channel_type": "im"}, ("place", "", None)),
        ({"text": "!ticket it &lt;broke&gt;", "channel": "D1"}, ("ticket", "it <broke>", None)),
        ({"text": "!schließen danke", "thread_ts": ROOT}, ("close", "danke", f"C1-{ROOT}")),
    ],
)
async def test_commands_in_words(acme: Workspace, more: Json, command: tuple[str, str, str | None]) -> None:
    event = await to_event.message_event(acme, told(message(**more)))
    assert isinstance(event, CommandUsed)
    assert (event.name, event.words, event.thread) == command
    assert event.key == f"message-{event.channel}-{TS}"


@pytest.mark.parametrize("words", [f"<@{BOT}> claim", "!claim"])
async def test_who_claims_in_a_thread_means_its_ticket_and_no_other(acme: Workspace, words: str) -> None:
    event = await to_event.message_event(acme, told(message(words, thread_ts=ROOT)))
    assert isinstance(event, MessagePicked)
    assert (event.wish, event.thread, event.is_sign) == (Wish.CLAIM, f"C1-{ROOT}", False)
    assert event.key == f"message-C1-{TS}"


@pytest.mark.parametrize(
    ("words", "read"), [("see here", "see here\n📎 a b.png\n📎 log.txt"), ("", "📎 a b.png\n📎 log.txt")]
)
async def test_files_in_direct_messages_are_named_since_nobody_else_can_see_them(
    acme: Workspace, words: str, read: str
) -> None:
    files = [{"id": "F1", "name": "a b.png"}, {"id": "F2", "name": "log.txt"}, {"id": "F3"}]
    event = await to_event.message_event(acme, told(message(words, channel="D1", subtype="file_share", files=files)))
    assert isinstance(event, MessagePosted)
    assert event.text == read
    new = message("better", channel="D1", files=files[:1], edited={"user": CUSTOMER, "ts": LATER})
    edit = await to_event.message_event(acme, told(changed(new, message(words, channel="D1"), channel="D1")))
    assert isinstance(edit, MessageEdited)
    assert edit.text == "better\n📎 a b.png"


async def test_files_in_channels_are_seen_by_all(acme: Workspace) -> None:
    event = await to_event.message_event(acme, told(message(subtype="file_share", files=[{"name": "a.png"}])))
    assert isinstance(event, MessagePosted)
    assert event.text == "My menu is broken"


async def test_an_exclamation_in_a_channel_is_no_command(acme: Workspace) -> None:
    assert isinstance(await to_event.message_event(acme, told(message("!claim"))), MessagePosted)


async def test_a_stranger_whom_slack_does_not_tell_has_the_name_that_comes_along(acme: Workspace) -> None:
    profile = {"display_name": "", "real_name": "Otto", "team": "T0OTHER"}
    event = await to_event.message_event(acme, told(message(user="U0OTHER", user_profile=profile)))
    assert isinstance(event, MessagePosted)
    assert (event.person.name, event.person.roles) == ("Otto", frozenset())


# --- edits and deletions ------------------------------------------------------------------------------


async def test_an_edit(acme: Workspace) -> None:
    new = message("My menu &amp; footer", edited={"user": CUSTOMER, "ts": "1700000100.000000"}, thread_ts=ROOT)
    event = await to_event.message_event(acme, told(changed(new, message())))
    assert event == MessageEdited(
        key="edit-Ev1",
        server=SERVER,
        channel="C1",
        thread=f"C1-{ROOT}",
        order=1_700_000_100_654_321,
        at=AT + timedelta(seconds=93, microseconds=530865),
        is_direct=False,
        message=f"C1-{TS}",
        text="My menu & footer",
    )


@pytest.mark.parametrize(
    "new",
    [
        message(attachments=[{"title": "a preview"}]),
        message(edited={"user": CUSTOMER, "ts": LATER}),
        message("else", edited={"user": BOT, "ts": LATER}, user=BOT),
        message("else", edited={"user": "U0ROBOT", "ts": LATER}, bot_id="B1"),
    ],
    ids=["preview", "same words", "ours", "a bot's"],
)
async def test_what_slack_or_a_bot_changes_is_no_edit(acme: Workspace, new: Json) -> None:
    assert await to_event.message_event(acme, told(changed(new, message()))) is None


@pytest.mark.parametrize("with_replies", ["tombstone", "deleted"])
async def test_a_deletion_is_the_same_with_and_without_replies(acme: Workspace, with_replies: str) -> None:
    if with_replies == "tombstone":
        grave = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": TS, "thread_ts": TS}
        event = changed(grave, message())
    else:
        event = {**changed({}, message()), "subtype": "message_deleted", "deleted_ts": TS}
    assert await to_event.message_event(acme, told(event)) == MessageDeleted(
        key=f"deleted-C1-{TS}",
        server=SERVER,
        channel="C1",
        thread=None,
        order=1_700_000_100_654_321,
        at=AT + timedelta(seconds=93, microseconds=530865),
        is_direct=False,
        message=f"C1-{TS}",
    )


async def test_a_deleted_message_of_ours_is_none_of_the_desks_business(acme: Workspace) -> None:
    event = {**changed({}, message(user=BOT, bot_id="B0BOT")), "subtype": "message_deleted", "deleted_ts": TS}
    assert await to_event.message_event(acme, told(event)) is None


# --- reactions ----------------------------------------------------------------------------------------


def reaction(name: str, **more: Any) -> Json:
    item = {"type": "message", "channel": "C1", "ts": TS}
    event = {"type": "reaction_added", "reaction": name, "user": AGENT, "item_user": CUSTOMER, "item": item}
    return told({**event, "event_ts": LATER, **more})


@pytest.mark.parametrize("name", ["ticket", "admission_tickets"])
async def test_a_ticket_under_a_message_opens_one_with_its_words(acme: Workspace, slack: PaperSlack, name: str) -> None:
    slack.messages["C1", TS] = message("broken &amp; slow", thread_ts=ROOT)
    event = await to_event.reaction_event(acme, reaction(name))
    assert isinstance(event, MessagePicked)
    assert (event.wish, event.is_sign, event.text) == (Wish.TICKET, True, "broken & slow")
    assert (event.message, event.thread) == (f"C1-{TS}", f"C1-{ROOT}")
    assert (event.person.id, event.author.id) == (AGENT, CUSTOMER)
    assert (event.key, event.order) == ("event-Ev1", 1_700_000_100_654_321)


async def test_the_thread_of_a_message_can_be_told_by_its_address(acme: Workspace, slack: PaperSlack) -> None:
    link = f"https://acme.slack.com/archives/C1/p1700000007123456?thread_ts={ROOT}&cid=C1"
    slack.messages["C1", TS] = message(permalink=link)
    event = await to_event.reaction_event(acme, reaction("ticket"))
    assert event is not None
    assert event.thread == f"C1-{ROOT}"


async def test_a_ticket_under_a_bots_message_is_for_who_put_it_there(acme: Workspace, slack: PaperSlack) -> None:
    slack.messages["C1", TS] = message(user="U0ROBOT", bot_id="B1")
    event = await to_event.reaction_event(acme, reaction("ticket"))
    assert event is not None
    assert event.author.id == AGENT


async def test_eyes_claim_and_ask_slack_for_no_message(acme: Workspace, slack: PaperSlack) -> None:
    event = await to_event.reaction_event(acme, reaction("eyes"))
    assert isinstance(event, MessagePicked)
    assert (event.wish, event.is_sign, event.text, event.message) == (Wish.CLAIM, True, "", f"C1-{TS}")
    assert slack.asked["reactions.get"] == 0


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("tada", {}),
        ("eyes", {"user": BOT}),
        ("eyes", {"user": "U0ROBOT"}),
        ("eyes", {"item": {"type": "file", "file": "F1"}}),
        ("ticket", {}),  # the message is not there any more
    ],
)
async def test_other_reactions_mean_nothing(acme: Workspace, name: str, more: Json) -> None:
    assert await to_event.reaction_event(acme, reaction(name, **more)) is None


@pytest.mark.parametrize(
    ("who", "is_asked"), [(CUSTOMER, True), ("U0KIM", True), ("U0BOSS", True), (AGENT, False), ("U0OTTO", False)]
)
async def test_whose_sign_cannot_open_a_ticket_costs_no_call(
    acme: Workspace, slack: PaperSlack, who: str, *, is_asked: bool
) -> None:
    slack.add("U0KIM", "Kim")
    slack.add("U0BOSS", "Boss", is_owner=True)
    slack.add("U0OTTO", "Otto", team="T0OTHER")
    slack.add_group("S0AGENTS", "agents", "U0KIM")
    slack.messages["C1", TS] = message()
    event = await to_event.reaction_event(acme, reaction("ticket", user=who))
    assert (event is not None) == is_asked
    assert slack.asked["reactions.get"] == is_asked


async def test_a_strangers_sign_under_another_message_costs_no_call_where_there_are_no_groups(
    acme: Workspace, slack: PaperSlack
) -> None:
    slack.add("U0OTTO", "Otto", team="T0OTHER")
    assert await to_event.reaction_event(acme, reaction("ticket", user="U0OTTO")) is None
    assert slack.asked["reactions.get"] == 0


@pytest.mark.parametrize("trouble", [refusal("ratelimited"), aiohttp.ClientConnectionError(), TimeoutError()])
async def test_a_message_that_cannot_be_read_now_is_told_again(
    acme: Workspace, slack: PaperSlack, trouble: Exception
) -> None:
    slack.trouble["reactions.get"] = trouble
    with pytest.raises(type(trouble)):
        await to_event.reaction_event(acme, reaction("ticket"))


# --- places -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["channel_deleted", "group_deleted"])
async def test_a_deleted_channel_is_gone(acme: Workspace, kind: str) -> None:
    event = await to_event.place_event(acme, told({"type": kind, "channel": "C1", "event_ts": TS}))
    assert event == PlaceGone(key="gone-C1", server=SERVER, channel="C1", order=ORDER, at=AT)


@pytest.mark.parametrize("kind", ["channel_archive", "channel_left", "group_left", "channel_rename"])
async def test_what_else_befalls_a_channel_passes(acme: Workspace, kind: str) -> None:
    assert await to_event.place_event(acme, told({"type": kind, "channel": "C1", "event_ts": TS})) is None


async def test_a_channel_with_another_id_is_the_same_channel(acme: Workspace, slack: PaperSlack) -> None:
    event = {"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C9", "event_ts": TS}
    assert await to_event.place_event(acme, told(event)) is None
    posted = await to_event.message_event(acme, told(message(channel="C9", thread_ts=ROOT)))
    assert isinstance(posted, MessagePosted)
    assert (posted.channel, posted.message, posted.thread) == ("G1", f"G1-{TS}", f"G1-{ROOT}")
    assert acme.dialect.renamed == {"G1": "C9"}


# --- commands -----------------------------------------------------------------------------------------


def command(name: str, text: str = "", **more: str) -> Json:
    return {
        "command": f"/sd-{name}",
        "text": text,
        "team_id": TEAM,
        "channel_id": "C1",
        "channel_name": "help",
        "user_id": AGENT,
        "user_name": "marek",
        "trigger_id": "13.37",
        **more,
    }


async def test_a_command_has_its_own_name_and_plain_words(acme: Workspace) -> None:
    event = await to_event.command_used(acme, command("covered", "fish &amp; <https://a.test>?"), None)
    assert isinstance(event, CommandUsed)
    assert (event.name, event.words, event.key) == ("covered", "fish & https://a.test?", "trigger-13.37")
    assert (event.channel, event.thread, event.is_direct) == ("C1", None, False)


@pytest.mark.parametrize("name", ["block", "unblock"])
async def test_commands_about_people_get_ids(acme: Workspace, name: str) -> None:
    event = await to_event.command_used(acme, command(name, f"<@{CUSTOMER}|aylin>"), None)
    assert isinstance(event, CommandUsed)
    assert event.words == CUSTOMER
    by_message = await to_event.message_event(acme, told(message(f"!{name} <@{CUSTOMER}>", thread_ts=ROOT)))
    assert isinstance(by_message, CommandUsed)
    assert (by_message.name, by_message.words) == (name, CUSTOMER)


@pytest.mark.parametrize("words", ["aylin", "@aylin", "aylin marek", ""])
async def test_commands_about_people_take_no_word_for_a_person(acme: Workspace, words: str) -> None:
    event = await to_event.command_used(acme, command("block", words), None)
    assert isinstance(event, CommandUsed)
    assert _PERSON.fullmatch(event.words) is None, "the desk would take it for an id"
    assert event.words.replace(" ", "") == "@" + words.replace(" ", "").lstrip("@")


async def test_a_command_is_known_by_its_name_on_slack(acme: Workspace) -> None:
    event = await to_event.command_used(acme, {**command("close"), "command": "/sd-close-ticket"}, None)
    assert isinstance(event, CommandUsed)
    assert event.name == "close"


async def test_a_command_in_direct_messages_is_direct(acme: Workspace) -> None:
    event = await to_event.command_used(acme, command("place", channel_id="D1", channel_name="directmessage"), None)
    assert event.is_direct


@pytest.mark.parametrize("seconds", [-3600, -0.5, 0.5, 3600])
async def test_slacks_second_decides_whatever_our_clock_says(acme: Workspace, seconds: float) -> None:
    sent = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
    event = await to_event.command_used(acme, command("claim"), sent)
    assert sent <= event.at < sent + timedelta(seconds=1)
    assert event.order == round(event.at.timestamp() * 1_000_000)


async def test_within_one_second_who_comes_first_is_first(acme: Workspace) -> None:
    sent = (datetime.now(UTC) + timedelta(seconds=0)).replace(microsecond=0)
    one = await to_event.command_used(acme, command("ticket"), sent)
    other = await to_event.command_used(acme, command("ticket", trigger_id="13.38"), sent)
    assert one.order <= other.order


async def test_without_slacks_time_it_is_now(acme: Workspace) -> None:
    event = await to_event.command_used(acme, command("claim"), None)
    assert abs(datetime.now(UTC) - event.at) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("link", "thread"),
    [
        ("https://acme.slack.com/archives/C2/p1700000007123456", None),
        ("<https://acme.slack.com/archives/C2/p1700000007123456|a message>", None),
        (f"https://acme.slack.com/archives/C2/p1700000007123456?thread_ts={ROOT}&cid=C2", f"C2-{ROOT}"),
        (f"<https://acme.slack.com/archives/C2/p1700000007123456?thread_ts={ROOT}&amp;cid=C2>", f"C2-{ROOT}"),
        (f"<https://acme.slack.com/archives/C2/p1700000007123456?cid=C2&amp;thread_ts={ROOT}>", f"C2-{ROOT}"),
    ],
)
async def test_the_address_of_a_message_claims_its_ticket_or_none(
    acme: Workspace, link: str, thread: str | None
) -> None:
    event = await to_event.command_used(acme, command("claim", link), None)
    assert isinstance(event, MessagePicked)
    assert (event.wish, event.message, event.thread, event.is_sign) == (Wish.CLAIM, f"C2-{TS}", thread, False)
    assert (event.key, event.person.id) == ("trigger-13.37", AGENT)


# --- buttons, shortcuts, forms ------------------------------------------------------------------------


def interaction(kind: str, **more: Any) -> Json:
    return {
        "type": kind,
        "team": {"id": TEAM},
        "user": {"id": AGENT, "name": "marek", "team_id": TEAM},
        "trigger_id": "13.37",
        **more,
    }


def pressed(container: Json, **more: Any) -> Json:
    action = {"type": "button", "action_id": "desk.0", "value": "claim:12", "action_ts": TS}
    return interaction("block_actions", actions=[action], container=container, **more)


@pytest.mark.parametrize(
    ("more", "thread"),
    [
        ({}, f"C1-{ROOT}"),
        ({"thread_ts": "1699999999.000001"}, "C1-1699999999.000001"),
        ({"is_ephemeral": True}, None),
        ({"is_ephemeral": True, "thread_ts": "1699999999.000001"}, "C1-1699999999.000001"),
    ],
    ids=["our root", "our reply", "only for one", "only for one in a thread"],
)
async def test_a_button_is_pressed_in_the_thread_that_it_belongs_to(
    acme: Workspace, more: Json, thread: str | None
) -> None:
    event = await to_event.button_pressed(
        acme, pressed({"type": "message", "channel_id": "C1", "message_ts": ROOT, **more})
    )
    assert isinstance(event, ButtonPressed)
    assert (event.action, event.thread, event.channel) == ("claim:12", thread, "C1")
    assert (event.key, event.order, event.is_direct) == ("action-13.37", ORDER, False)


async def test_buttons_in_direct_messages_and_at_home_are_direct(acme: Workspace) -> None:
    there = {"type": "message", "channel_id": "D1", "message_ts": ROOT}
    direct = await to_event.button_pressed(acme, pressed(there))
    home = await to_event.button_pressed(acme, pressed({"type": "view", "view_id": "V1"}))
    assert (direct.is_direct, direct.channel) == (True, "D1")
    assert (home.is_direct, home.channel, home.thread) == (True, "", None)


async def test_a_button_without_a_value_is_an_old_one(acme: Workspace) -> None:
    body = pressed({"type": "view"}, trigger_id=None)
    del body["actions"][0]["value"]
    event = await to_event.button_pressed(acme, body)
    assert (event.action, event.key) == ("", f"action-{TS}-{AGENT}")


@pytest.mark.parametrize("wish", list(Wish))
async def test_a_picked_message(acme: Workspace, wish: Wish) -> None:
    body = interaction(
        "message_action", action_ts=TS, channel={"id": "C1"}, message=message("a &amp; b", ts=LATER, thread_ts=ROOT)
    )
    event = await to_event.message_picked(acme, body, wish)
    assert (event.wish, event.text, event.is_sign) == (wish, "a & b", False)
    assert (event.message, event.thread, event.order) == (f"C1-{LATER}", f"C1-{ROOT}", ORDER)
    assert (event.person.id, event.author.id, event.author.name) == (AGENT, CUSTOMER, "Aylin")


async def test_a_picked_message_of_a_bot_is_that_of_who_picked_it(acme: Workspace) -> None:
    its = {"type": "message", "subtype": "bot_message", "bot_id": "B1", "text": "alarm", "ts": LATER}
    body = interaction("message_action", action_ts=TS, channel={"id": "C1"}, message=its)
    assert (await to_event.message_picked(acme, body, Wish.TICKET)).author.id == AGENT


async def test_the_shortcut_for_a_ticket_is_like_the_command(acme: Workspace) -> None:
    event = await to_event.shortcut_used(acme, interaction("shortcut", callback_id="new_ticket", action_ts=TS))
    assert (event.action, event.channel, event.is_direct, event.order) == ("ticket", "", False, ORDER)


@pytest.mark.parametrize(("tab", "is_told"), [("home", True), ("messages", False)])
async def test_the_home_is_drawn_when_it_is_looked_at(acme: Workspace, tab: str, is_told: object) -> None:
    opened = {"type": "app_home_opened", "user": CUSTOMER, "channel": "D1", "tab": tab, "event_ts": TS}
    event = await to_event.home_opened(acme, told(opened))
    assert (event is not None) is is_told
    if event is not None:
        assert (event.action, event.channel, event.is_direct, event.key) == ("home", "", True, "event-Ev1")


def submitted(origin: Json, form: str = "ticket") -> Json:
    view = {
        "id": "V1",
        "hash": "1.abc",
        "callback_id": "desk",
        "private_metadata": json.dumps({"form": form, "origin": origin}),
        "state": {"values": {}},
    }
    return interaction("view_submission", view=view)


async def test_a_form_comes_from_where_it_was_opened(acme: Workspace) -> None:
    body = submitted({"channel": "C1", "thread": f"C1-{ROOT}", "is_direct": True})
    sent = datetime(2023, 11, 14, 22, 13, 27, tzinfo=UTC)
    event = await to_event.form_sent(acme, body, {"text": "C1 C2 is broken"}, sent)
    assert isinstance(event, FormSent)
    assert (event.form, event.values) == ("ticket", {"text": "C1 C2 is broken"})
    assert (event.channel, event.thread, event.is_direct) == ("C1", f"C1-{ROOT}", True)
    assert event.key == "form-V1-1.abc"
    assert sent <= event.at < sent + timedelta(seconds=1)


async def test_channels_that_were_chosen_are_those_that_the_desk_knows(acme: Workspace) -> None:
    await acme.channels.renamed("G1", "C9")
    values = {"support": "C9 C3", "agents": "C9", "text": "C9 is loud"}
    event = await to_event.form_sent(acme, submitted({}), values)
    assert event.values == {"support": "G1 C3", "agents": "G1", "text": "C9 is loud"}


async def test_a_view_that_is_no_form_of_ours_is_refused(acme: Workspace) -> None:
    with pytest.raises(ValueError, match="form"):
        await to_event.form_sent(acme, interaction("view_submission", view={"id": "V1", "private_metadata": ""}), {})


# --- the bot comes and goes ---------------------------------------------------------------------------


def test_the_bot_may_come_back_with_its_old_token(acme: Workspace) -> None:
    one, again = (to_event.server_joined(acme, "de-DE", AGENT) for _ in range(2))
    assert isinstance(one, ServerJoined)
    assert (one.server, one.channel, one.locale, one.is_direct) == (SERVER, AGENT, "de-DE", False)
    assert one.key != again.key


@pytest.mark.parametrize(
    "event",
    [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": [BOT]}}],
)
def test_the_bot_was_removed(event: Json) -> None:
    left = to_event.server_left(told(event))
    assert isinstance(left, ServerLeft)
    assert (left.server, left.key, left.at) == (SERVER, "left-Ev1", AT.replace(microsecond=0))


def test_an_organisation_removes_the_bot_as_a_whole() -> None:
    body = {**told({"type": "app_uninstalled", "event_ts": TS}), "enterprise_id": "E1", "is_enterprise_install": True}
    left = to_event.server_left(body)
    assert left is not None
    assert (left.server, left.order) == ("slack:E1", ORDER)


def test_peoples_own_tokens_are_none_of_our_business() -> None:
    assert to_event.server_left(told({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}})) is None
