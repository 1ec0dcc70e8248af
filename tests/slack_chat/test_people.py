"""Who somebody is: names, languages, user groups; and what becomes of it when Slack does not tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_chat.people import CANNOT_TELL, KNOWN_FOR, People, reason_of
from adapters.slack_chat.rooms import Rooms
from adapters.slack_chat.workspaces import OneToken, Workspaces
from bot.model import Listener, Mode, Person, ServerSettings
from bot.settings import Settings
from tests.slack_chat.paper_slack import TEAM, ByHand, PaperDesk, PaperSlack, client, refusal, workspace

AYLIN, MAREK, GUEST = "U0AYLIN", "U0MAREK", "U0GUEST"
AGENTS = "S0AGENTS"


class AnyToken(OneToken):
    """One for every workspace."""

    async def token(self, workspace: str) -> str:
        return f"xoxb-{workspace}"


@asynccontextmanager
async def odd_slack(answer: str) -> AsyncIterator[AsyncWebClient]:
    """A Slack that says the same to everything."""

    async def say(_request: web.Request) -> web.Response:
        return web.Response(text=answer, content_type="application/json")

    app = web.Application()
    app.router.add_post("/{method}", say)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield AsyncWebClient("xoxb-1", str(server.make_url("/")), session=session, retry_handlers=[])


@pytest.fixture
def slack() -> PaperSlack:
    slack = PaperSlack()
    slack.add(AYLIN, "Aylin")
    slack.add(MAREK, "Marek", locale="en-GB", is_admin=True)
    slack.add(GUEST, "Guest", team="T0OTHER", locale="fr-FR", is_admin=True)
    slack.add_group(AGENTS, "agents", AYLIN, GUEST)
    return slack


@pytest.fixture
def clock() -> ByHand:
    return ByHand()


@pytest.fixture
def people(slack: PaperSlack, clock: ByHand) -> People:
    return People(client(slack), TEAM, clock=clock)


async def test_somebody_has_their_name_their_language_and_their_groups(people: People) -> None:
    assert await people.person(AYLIN) == Person(AYLIN, "Aylin", "de-DE", frozenset({AGENTS, AYLIN}))


async def test_who_manages_the_workspace_is_an_admin(people: People) -> None:
    assert await people.person(MAREK) == Person(MAREK, "Marek", "en-GB", frozenset({MAREK}), is_admin=True)


@pytest.mark.parametrize("more", [{"team": "T0OTHER"}, {"is_stranger": True}])
async def test_a_stranger_has_a_name_and_nothing_else(slack: PaperSlack, people: People, more: dict[str, Any]) -> None:
    slack.add(GUEST, "Guest", is_owner=True, **more)
    assert await people.person(GUEST) == Person(GUEST, "Guest")


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"display_name": "aylin", "real_name": "Aylin Demir"}, "aylin"),
        ({"display_name": "", "real_name": "Aylin Demir"}, "Aylin Demir"),
        ({}, "aylin.d"),
    ],
)
async def test_names_are_the_ones_that_people_chose(
    slack: PaperSlack, people: People, profile: dict[str, str], name: str
) -> None:
    slack.add(AYLIN, "", profile=profile)
    assert (await people.person(AYLIN, "aylin.d")).name == name


async def test_slack_is_asked_once_however_many_ask_at_once(slack: PaperSlack, people: People) -> None:
    slack.slow = asyncio.Event()
    asking = [asyncio.create_task(people.person(AYLIN)) for _ in range(20)]
    await asyncio.sleep(0)
    slack.slow.set()
    assert {person.name for person in await asyncio.gather(*asking)} == {"Aylin"}
    assert slack.asked == {"users.info": 1, "usergroups.list": 1}


async def test_what_was_told_is_believed_for_ten_minutes(slack: PaperSlack, people: People, clock: ByHand) -> None:
    await people.person(AYLIN)
    slack.add(AYLIN, "Aylin D.")
    assert (await people.person(AYLIN)).name == "Aylin"
    clock.now += KNOWN_FOR
    assert (await people.person(AYLIN)).name == "Aylin D."
    assert slack.asked == {"users.info": 2, "usergroups.list": 2}


async def test_changed_groups_hold_at_once(slack: PaperSlack, people: People) -> None:
    assert AGENTS not in (await people.person(MAREK)).roles
    slack.groups[0]["users"].append(MAREK)
    people.forget_groups()
    assert AGENTS in (await people.person(MAREK)).roles


async def test_groups_that_change_while_they_are_told_are_asked_for_again(slack: PaperSlack, people: People) -> None:
    slack.slow = asyncio.Event()
    asking = asyncio.create_task(people.groups())
    await asyncio.sleep(0.01)
    people.forget_groups()
    slack.slow.set()
    await asking
    await people.groups()
    assert slack.asked["usergroups.list"] == 2


async def test_groups_have_names(people: People) -> None:
    assert await people.groups() == {AGENTS: "agents"}


async def test_where_there_are_no_groups_people_are_picked_one_by_one(slack: PaperSlack, people: People) -> None:
    slack.trouble["usergroups.list"] = refusal("plan_upgrade_required")
    assert (await people.person(AYLIN)).roles == {AYLIN}
    assert await people.groups() == {}
    assert await people.member(AYLIN) is not None
    assert slack.asked["usergroups.list"] == 1


# --- when Slack does not tell -------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [refusal("internal_error"), aiohttp.ClientError(), TimeoutError()])
async def test_an_event_is_not_lost_because_nobody_tells_who_caused_it(
    slack: PaperSlack, people: People, trouble: Exception
) -> None:
    slack.trouble["users.info"] = trouble
    assert await people.person(AYLIN, "aylin") == Person(AYLIN, "aylin")
    assert await people.person(AYLIN) == Person(AYLIN, AYLIN)
    del slack.trouble["users.info"]
    assert (await people.person(AYLIN)).name == "Aylin"


async def test_a_slow_answer_is_not_waited_for_but_kept(slack: PaperSlack, people: People) -> None:
    people.patience = 0.02
    slack.slow = asyncio.Event()
    assert await people.person(AYLIN, "aylin") == Person(AYLIN, "aylin")
    slack.slow.set()
    await asyncio.sleep(0.01)
    assert (await people.person(AYLIN)).name == "Aylin"
    assert slack.asked == {"users.info": 1, "usergroups.list": 1}


async def test_groups_that_cannot_be_told_stay_as_they_were(slack: PaperSlack, people: People, clock: ByHand) -> None:
    await people.person(AYLIN)
    slack.trouble["usergroups.list"] = refusal("internal_error")
    clock.now += KNOWN_FOR
    assert AGENTS in (await people.person(AYLIN)).roles
    assert AGENTS in (await people.person(AYLIN)).roles
    assert slack.asked["usergroups.list"] == 2
    del slack.trouble["usergroups.list"]
    slack.groups[0]["users"] = []
    clock.now += 30
    assert AGENTS not in (await people.person(AYLIN)).roles


async def test_while_slack_limits_us_nobody_is_asked_for(slack: PaperSlack, people: People, clock: ByHand) -> None:
    slack.trouble["users.info"] = refusal("ratelimited", Retry_After="7")
    for _ in range(5):
        await people.person(AYLIN)
    assert slack.asked["users.info"] == 1
    del slack.trouble["users.info"]
    clock.now += 7
    assert (await people.person(AYLIN)).name == "Aylin"


async def test_whom_slack_does_not_show_is_asked_for_once(slack: PaperSlack, people: People) -> None:
    assert await people.person("U0NOBODY", "nobody") == Person("U0NOBODY", "nobody")
    await people.person("U0NOBODY")
    assert slack.asked["users.info"] == 1


ODD_ANSWERS = ("7", "[]", '"x"', '{"ok": true}', '{"ok": true, "user": null, "usergroups": null, "channel": 7}')


@pytest.mark.parametrize("answer", ODD_ANSWERS)
async def test_an_answer_that_makes_no_sense_tells_nothing(answer: str) -> None:
    async with odd_slack(answer) as odd:
        people = People(odd, TEAM)
        assert await people.person(AYLIN, "aylin") == Person(AYLIN, "aylin")
        with pytest.raises(OSError, match="Slack"):
            await people.member(AYLIN)
        rooms, acme = Rooms(), replace(workspace(PaperSlack()), client=odd)
        await rooms.look(acme, ["C1"])
        assert rooms.lacks(TEAM, ServerSettings(support={"C1": Mode.AUTO})) == []


@pytest.mark.parametrize("answer", ODD_ANSWERS)
async def test_a_workspace_that_does_not_introduce_itself_cannot_be_reached(answer: str) -> None:
    async with odd_slack(answer) as odd, aiohttp.ClientSession() as session:
        settings = Settings(slack_api_url=odd.base_url)
        with pytest.raises(CANNOT_TELL):
            await OneToken(odd).workspaces()
        with pytest.raises(CANNOT_TELL):
            await Workspaces(settings, session, AnyToken(odd), cast("Listener", PaperDesk())).of(TEAM)


# --- members ------------------------------------------------------------------------------------------


async def test_a_member_is_told_as_of_now(slack: PaperSlack, people: People) -> None:
    await people.person(AYLIN)
    slack.add(AYLIN, "Aylin D.")
    assert await people.member(AYLIN) == Person(AYLIN, "Aylin D.", "de-DE", frozenset({AGENTS, AYLIN}))


async def test_who_has_left_is_no_member(slack: PaperSlack, people: People) -> None:
    slack.users[AYLIN]["deleted"] = True
    assert await people.member(AYLIN) is None
    assert await people.member("U0NOBODY") is None


@pytest.mark.parametrize("trouble", [refusal("internal_error"), refusal("ratelimited"), aiohttp.ClientError()])
async def test_what_slack_does_not_tell_is_no_departure(slack: PaperSlack, people: People, trouble: Exception) -> None:
    slack.trouble["users.info"] = trouble
    with pytest.raises(OSError, match="Slack"):
        await people.member(AYLIN)


async def test_without_any_groups_nobody_is_taken_for_no_agent(slack: PaperSlack, people: People) -> None:
    slack.trouble["usergroups.list"] = refusal("internal_error")
    with pytest.raises(OSError, match="groups"):
        await people.member(AYLIN)


# --- organisations ------------------------------------------------------------------------------------


def of_organisation(slack: PaperSlack, user: str, **more: Any) -> None:
    slack.add(user, "Ida", team="T0SECOND", is_admin=True, enterprise_user={"enterprise_id": "E0ACME", **more})


async def test_colleagues_from_another_workspace_of_the_organisation_are_no_strangers(slack: PaperSlack) -> None:
    of_organisation(slack, "W0IDA")
    person = await People(client(slack), TEAM, "E0ACME").person("W0IDA")
    assert person == Person("W0IDA", "Ida", "de-DE", frozenset({"W0IDA"}))


@pytest.mark.parametrize("teams", [["T0SECOND"], ["T0SECOND", TEAM]])
async def test_who_looks_after_another_workspace_of_the_organisation_does_not_look_after_ours(
    slack: PaperSlack, teams: list[str]
) -> None:
    of_organisation(slack, "W0IDA", teams=teams)
    person = await People(client(slack), TEAM, "E0ACME").person("W0IDA")
    assert person.is_admin == (TEAM in teams)


@pytest.mark.parametrize("rights", [{"is_owner": True}, {"is_admin": True}, {}])
async def test_an_organisation_is_managed_by_its_own_admins_not_by_those_of_one_workspace(
    slack: PaperSlack, rights: dict[str, bool]
) -> None:
    of_organisation(slack, "W0IDA", **rights)
    person = await People(client(slack), "E0ACME", "E0ACME").person("W0IDA")
    assert person == Person("W0IDA", "Ida", "de-DE", frozenset({"W0IDA"}), is_admin=bool(rights))
    assert slack.asked["usergroups.list"] == 0


@pytest.mark.parametrize("answer", ["<html>Bad Gateway</html>", None, {}, SimpleNamespace(data="no JSON")])
def test_what_cannot_be_read_has_a_reason_all_the_same(answer: object) -> None:
    assert reason_of(SlackApiError("", answer)) == "no answer"  # type: ignore[no-untyped-call]


def test_the_reason_is_slacks_own_word() -> None:
    assert reason_of(refusal("ratelimited")) == "ratelimited"
