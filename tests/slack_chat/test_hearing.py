"""Payloads as Slack sends them, heard with what the Web API tells about people, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import pytest

from adapters.slack_chat import to_event
from adapters.slack_chat.people import KNOWN_FOR, People
from adapters.slack_chat.workspaces import OneToken, Workspace, Workspaces, client_with, installed_in
from bot.model import (
    CommandUsed,
    Event,
    Listener,
    MessageDeleted,
    MessageEdited,
    MessagePicked,
    MessagePosted,
    Person,
    PlaceGone,
    Wish,
)
from bot.settings import Settings
from tests.doubles.slack import payloads
from tests.doubles.slack.people import Shop
from tests.doubles.slack.server import Double, slack_double
from tests.slack_chat.paper_slack import ByHand, PaperDesk

_EVENTS = {
    "message": to_event.message_event,
    "app_mention": to_event.message_event,
    "reaction_added": to_event.reaction_event,
    "channel_deleted": to_event.place_event,
    "group_deleted": to_event.place_event,
    "channel_id_changed": to_event.place_event,
}


@dataclass
class Ears:
    """Hears what Slack tells one workspace's bot, without a bot."""

    slack: Double
    session: aiohttp.ClientSession
    told: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slack.world.tell = lambda *what: self.told.append(payloads.event_callback(*what))
        self.desk = PaperDesk()

    def workspaces(self, home: Shop) -> Workspaces:
        settings = Settings(slack_api_url=self.slack.api_url)
        tokens = OneToken(client_with(settings, self.session, self.slack.token(home)))
        return Workspaces(settings, self.session, tokens, cast("Listener", self.desk))

    async def hear(self, workspaces: Workspaces) -> list[Event]:
        """What has been told since the last time, as events."""
        told, events = list(self.told), []
        self.told.clear()
        for body in told:
            enterprise, team, is_organisation = installed_in(body)
            workspace = await workspaces.of_event(enterprise, team, is_enterprise_install=is_organisation)
            assert workspace is not None
            if body["event"]["type"] in _EVENTS:
                event = await _EVENTS[body["event"]["type"]](workspace, body)
                events += [event] if event is not None else []
        return events


@pytest.fixture
async def ears() -> AsyncIterator[Ears]:
    async with slack_double() as slack, aiohttp.ClientSession() as session:
        yield Ears(slack, session)


async def workspace_of(workspaces: Workspaces, home: Shop) -> Workspace:
    found = await workspaces.of(home.id)
    assert found is not None
    return found


async def test_what_people_write_change_and_delete(ears: Ears) -> None:
    home = ears.slack.add_workspace()
    support, emma = home.add_channel("support"), home.add_person("Emma", locale="de-DE")
    known = ears.workspaces(home)
    root = emma.says(support, "The <menu> is broken & slow")
    reply = emma.says(support, "still", under=root, broadcast=True)
    posted, answer = await ears.hear(known)
    assert isinstance(posted, MessagePosted)
    assert (posted.message, posted.thread, posted.text) == (root.address, None, "The <menu> is broken & slow")
    assert posted.person == Person(emma.id, "Emma", "de-DE", frozenset({emma.id}))
    assert isinstance(answer, MessagePosted)
    assert (answer.message, answer.thread) == (reply.address, root.address)
    emma.edits(root, "The <footer> is broken")
    support.edit(root, is_unfurl=True)
    (edited,) = await ears.hear(known)
    assert isinstance(edited, MessageEdited)
    assert (edited.message, edited.text) == (root.address, "The <footer> is broken")
    assert edited.order > answer.order
    emma.deletes(root)
    emma.deletes(reply)
    gone = await ears.hear(known)
    assert [event.message for event in gone if isinstance(event, MessageDeleted)] == [root.address, reply.address]
    assert len(ears.slack.calls("auth.test")) == 2
    assert len(ears.slack.calls()) == 2  # who Emma is, and the user groups


async def test_a_mention_is_told_twice_and_is_one_event(ears: Ears) -> None:
    home = ears.slack.add_workspace()
    support, emma = home.add_channel("support"), home.add_person("Emma")
    known = ears.workspaces(home)
    emma.says(support, "claim 12 too urgent", mentions_bot=True)
    one, other = await ears.hear(known)
    assert one == other
    assert isinstance(one, CommandUsed)
    assert (one.name, one.words) == ("claim", "12 too urgent")


async def test_what_we_and_other_bots_say_is_not_heard(ears: Ears) -> None:
    home = ears.slack.add_workspace()
    support, robot = home.add_channel("support"), home.add_bot("Robot")
    known = ears.workspaces(home)
    root = robot.says(support, "beep")
    robot.reacts(root, "ticket")
    client = (await workspace_of(known, home)).client
    ours = await client.chat_postMessage(channel=support.id, text="hello")
    await client.chat_update(channel=support.id, ts=ours["ts"], text="hello again")
    await client.chat_delete(channel=support.id, ts=ours["ts"])
    assert len(ears.told) == 5
    assert await ears.hear(known) == []


async def test_signs_under_messages(ears: Ears) -> None:
    home = ears.slack.add_workspace()
    support, emma, kim = home.add_channel("support"), home.add_person("Emma"), home.add_person("Kim")
    known = ears.workspaces(home)
    root = emma.says(support, "My menu & footer")
    reply = emma.says(support, "both broken", under=root)
    await ears.hear(known)
    kim.reacts(reply, "ticket")
    kim.reacts(root, "eyes")
    kim.reacts(root, "tada")
    ticket, claim = await ears.hear(known)
    assert isinstance(ticket, MessagePicked)
    assert (ticket.wish, ticket.message, ticket.thread) == (Wish.TICKET, reply.address, root.address)
    assert (ticket.person.name, ticket.author.name, ticket.text) == ("Kim", "Emma", "both broken")
    assert isinstance(claim, MessagePicked)
    assert (claim.wish, claim.message, claim.thread) == (Wish.CLAIM, root.address, None)
    assert len(ears.slack.calls("reactions.get")) == 1
    assert not ears.slack.calls("conversations.history", "conversations.replies")


async def test_a_stranger_in_a_shared_channel_is_heard_by_our_own_workspace(ears: Ears) -> None:
    home = ears.slack.add_workspace()
    shared, otto = home.add_channel("shared", shared=True), home.add_stranger("Otto")
    known = ears.workspaces(home)
    otto.says(shared, "hello")
    assert ears.told[0]["team_id"] == otto.team
    (posted,) = await ears.hear(known)
    assert isinstance(posted, MessagePosted)
    assert (posted.server, posted.person) == (f"slack:{home.id}", Person(otto.id, "Otto"))


async def test_agents_are_known_by_their_groups_as_these_are_now(ears: Ears) -> None:
    home = ears.slack.add_workspace()
    emma, kim, boss = home.add_person("Emma"), home.add_person("Kim"), home.add_person("Boss", owner=True)
    agents = home.add_group("agents", [kim])
    home.add_group("old", [kim]).disable()
    people = (await workspace_of(ears.workspaces(home), home)).people
    assert (await people.person(kim.id)).roles == {kim.id, agents.id}
    assert (await people.person(boss.id)).is_admin
    assert await people.groups() == {agents.id: "agents"}
    agents.set_members([emma])
    people.forget_groups()
    assert (await people.person(kim.id)).roles == {kim.id}
    assert (await people.person(emma.id)).roles == {emma.id, agents.id}
    kim.is_removed()
    assert await people.member(kim.id) is None
    assert await people.member("U0NOBODY") is None


async def test_a_workspace_without_user_groups_is_served(ears: Ears) -> None:
    home = ears.slack.add_workspace(has_groups=False)
    kim = home.add_person("Kim")
    people = (await workspace_of(ears.workspaces(home), home)).people
    assert (await people.person(kim.id)).roles == {kim.id}
    member = await people.member(kim.id)
    assert member is not None
    assert member.roles == {kim.id}


async def test_an_organisation_is_one_server(ears: Ears) -> None:
    home = ears.slack.add_workspace(organisation=True)
    support, ida = home.add_channel("support"), home.add_person("Ida", admin=True)
    known = ears.workspaces(home)
    ida.says(support, "hello")
    (posted,) = await ears.hear(known)
    assert isinstance(posted, MessagePosted)
    assert posted.server == f"slack:{home.id}"
    assert home.id.startswith("E")
    assert (posted.person.id, posted.person.locale) == (ida.id, "en-US")
    assert not ears.slack.calls("usergroups.list")


async def test_channels_get_another_id_and_go(ears: Ears) -> None:
    home = ears.slack.add_workspace()
    support, emma = home.add_channel("support", private=True), home.add_person("Emma")
    known = ears.workspaces(home)
    first = support.id
    root = emma.says(support, "hello")
    emma.says(support, "still", under=root)
    support.change_id()
    emma.says(support, "again", under=root)
    support.archive()
    support.delete()
    events = await ears.hear(known)
    assert {event.channel for event in events} == {first}
    assert [event.thread for event in events] == [None, f"{first}-{root.ts}", f"{first}-{root.ts}", None]
    assert isinstance(events[-1], PlaceGone)


@pytest.mark.parametrize("trouble", ["refused", "throttled", "cut off", "slow"])
async def test_who_wrote_is_not_known_for_a_while_and_nothing_is_lost(ears: Ears, trouble: str) -> None:
    home = ears.slack.add_workspace()
    support, emma = home.add_channel("support"), home.add_person("Emma")
    known, clock = ears.workspaces(home), ByHand()
    workspace = await workspace_of(known, home)
    workspace.people = People(workspace.client, home.id, clock=clock)
    match trouble:
        case "refused":
            ears.slack.fail_next("users.info", status=500)
        case "throttled":
            ears.slack.limit_next("users.info", 3)
        case "cut off":
            ears.slack.drop_next("users.info", after_doing=False, times=2)  # aiohttp itself repeats a mere question
        case _:
            ears.slack.slow_next("users.info", 1.2)
    emma.says(support, "hello")
    (posted,) = await ears.hear(known)
    assert isinstance(posted, MessagePosted)
    assert posted.person == Person(emma.id, emma.id)
    clock.now += KNOWN_FOR
    assert (await workspace.people.person(emma.id)).name == "Emma"
