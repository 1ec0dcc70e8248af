"""Two companies share a channel, both with the bot; Slack tells of a message in the name of one of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.slack_chat.sharing import shared_in
from bot.settings import SlackWay
from tests.doubles.slack.people import Person
from tests.slack_chat.conftest import REQUEST, Shop, install


@dataclass
class Neighbour:
    """Somebody of the other company, which has the bot, too, and has set nothing up."""

    shop: Shop
    person: Person

    async def writes(self, **more: Any) -> int:
        """A message in the shop's support channel, told in the name of the other company; the status of the answer."""
        ids, team, channel = self.shop.slack.world.ids, self.person.team, self.shop.support.id
        ts = ids.ts()
        event = {"type": "message", "channel": channel, "user": self.person.id, "text": REQUEST, "ts": ts}
        body = {
            "type": "event_callback",
            "team_id": team,
            "event_id": f"Ev{ts}",
            "is_ext_shared_channel": True,
            "authorizations": [{"enterprise_id": None, "team_id": team, "is_enterprise_install": False}],
            "event": {**event, "event_ts": ts, **more},
        }
        assert self.shop.slack.webhooks is not None
        return (await self.shop.slack.webhooks.knock(json.dumps(body).encode())).status


@pytest.fixture
def way() -> SlackWay:
    return SlackWay.OAUTH


@pytest.fixture
async def neighbour(shop: Shop) -> AsyncIterator[Neighbour]:
    other = shop.slack.add_workspace("Other", installed=False)
    person = other.add_person("paula", admin=True)
    await install(shop, person)
    yield Neighbour(shop, person)
    await shop.settled()


async def test_a_message_is_for_who_has_set_the_channel_up(shop: Shop, neighbour: Neighbour) -> None:
    asked = len(shop.slack.calls("conversations.info"))
    assert [await neighbour.writes(), await neighbour.writes()] == [200, 200]
    await shop.settled()
    assert len(shop.cards) == 1, "the same again is no ticket of its own"
    assert len(shop.slack.calls("conversations.info")) == asked + 1


async def test_who_is_not_in_the_channel_any_more_gets_nobodys_words(shop: Shop, neighbour: Neighbour) -> None:
    shop.slack.fail_next("conversations.info", "channel_not_found")
    assert await neighbour.writes() == 200
    await shop.settled()
    assert shop.cards == []


async def test_while_slack_does_not_tell_who_is_in_the_channel_the_message_is_told_again(
    shop: Shop, neighbour: Neighbour
) -> None:
    shop.slack.fail_next("conversations.info", "internal_error")
    assert [await neighbour.writes(), await neighbour.writes()] == [500, 200]


async def test_in_a_channel_that_nobody_has_set_up_it_stays_with_whom_slack_names(
    shop: Shop, neighbour: Neighbour
) -> None:
    asked = len(shop.slack.calls("conversations.info"))
    assert await neighbour.writes(channel=shop.general.id) == 200
    assert len(shop.slack.calls("conversations.info")) == asked


@pytest.mark.parametrize(
    ("event", "channel"),
    [
        ({"channel": "C1"}, "C1"),
        ({"item": {"type": "message", "channel": "C1"}}, "C1"),
        ({"user": "U1"}, None),
        (None, None),
    ],
)
def test_which_channel_companies_share(event: dict[str, Any] | None, channel: str | None) -> None:
    assert shared_in({"is_ext_shared_channel": True, "event": event}) == channel
    assert shared_in({"is_ext_shared_channel": False, "event": event}) is None
