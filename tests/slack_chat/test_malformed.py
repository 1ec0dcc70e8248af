"""Signed payloads that lack what Slack always sends: refused or acknowledged in a line, and never told to the log."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.settings import SlackWay
from tests.doubles.slack.deliveries import Delivery, Kind
from tests.doubles.slack.webhooks import FORM, JSON, Webhooks, encoded
from tests.slack_chat.conftest import REQUEST, Shop

MUTANTS = 400
"""Payloads of the seeded fuzz: seconds, not minutes."""
Path = tuple[Any, ...]
Change = Callable[[Any], Any]
CHANGES: tuple[Change, ...] = (
    lambda _: None,
    lambda _: [],
    lambda _: [[]],
    lambda _: 7,
    lambda _: True,
    lambda _: "x",
    lambda _: "9" * 5_000,
    lambda _: {"a": 1},
)


def walk(node: Any, path: Path = ()) -> Iterator[Path]:
    """The ways to everything in a payload."""
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in parts:
        yield (*path, key)
        yield from walk(value, (*path, key))


def mutant(payload: Any, path: Path, change: Change | None) -> Any:
    """The payload with something changed in one place, or left out."""
    payload = copy.deepcopy(payload)
    node = payload
    for key in path[:-1]:
        node = node[key]
    if change is None:
        del node[path[-1]]
    else:
        node[path[-1]] = change(node[path[-1]])
    return payload


def webhooks_of(shop: Shop) -> Webhooks:
    assert shop.slack.webhooks is not None
    return shop.slack.webhooks


async def one_of_each(shop: Shop) -> list[Delivery]:
    """Everything that Slack tells in a small day, one of each kind."""
    root = await shop.says(shop.emma, REQUEST)
    await shop.asks(shop.emma, "/place")
    form = await shop.emma.uses(shop.general, "/ticket")
    await shop.emma.fills_in(form, {"text": "The footer is broken, too"})
    shop.emma.reacts(root, "ticket")
    shop.aylin.reacts(root, "eyes")
    await shop.emma.opens_home()
    await shop.settled()
    await shop.aylin.presses(shop.cards[0], shop.cards[0].buttons[0]["text"]["text"])
    await shop.aylin.picks(root, "claim")
    await shop.jonas.starts("new_ticket")
    other = await shop.says(shop.emma, "never mind")
    shop.emma.edits(other, "never mind it")
    shop.emma.deletes(other)
    shop.general.delete()
    await shop.settled()
    kinds = {
        (
            told.kind,
            told.payload.get("type"),
            str(told.payload.get("event", {}).get("type")),
            told.payload.get("command"),
        ): told
        for told in shop.slack.deliveries.all
    }
    return list(kinds.values())


@pytest.mark.parametrize("way", [SlackWay.HTTP])
async def test_whatever_is_missing_or_odd_in_a_payload_is_no_fault_of_ours(shop: Shop, way: SlackWay) -> None:
    samples, chance = await one_of_each(shop), random.Random(5)  # noqa: S311 (nothing secret)
    assert len(samples) > 10
    webhooks_of(shop).ack_seconds = 20
    broken = []
    for number in range(MUTANTS):
        told = copy.copy(chance.choice(samples))
        path, change = chance.choice(list(walk(told.payload))), chance.choice([None, *CHANGES])
        told.payload = mutant(told.payload, path, change)
        if "event_id" in told.payload and path != ("event_id",):
            told.payload["event_id"] = f"Ev{number}"
        content_type, body = encoded(told)
        answer = await webhooks_of(shop).knock(body, content_type)
        if answer.status >= 500:
            broken.append((path, told.payload.get("type"), change and change(None)))
    assert broken == []
    assert not shop.bot.running.done()


@pytest.mark.parametrize("way", [SlackWay.HTTP])
@pytest.mark.parametrize(
    ("content_type", "payload"),
    [
        (JSON, {"event": {"type": "message", "channel": "{channel}", "text": "secret 4711", "user": "{user}"}}),
        (JSON, {"event": {"type": ["secret 4711"]}}),
        (JSON, {"event": {"type": "message", "channel": 7, "text": "secret 4711"}}),
        (JSON, {"event": "secret 4711"}),
        (FORM, "command=/claim&text=secret+4711&team_id={team}"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_one_line_without_its_words(
    shop: Shop, way: SlackWay, capsys: pytest.CaptureFixture[str], content_type: str, payload: Any
) -> None:
    ids = {"{channel}": shop.support.id, "{user}": shop.emma.id, "{team}": shop.workspace.id}
    if isinstance(payload, dict):
        payload = json.dumps({"type": "event_callback", "team_id": "{team}", "event_id": "Ev1", **payload})
    for name, id_ in ids.items():
        payload = payload.replace(name, id_)
    capsys.readouterr()
    answer = await webhooks_of(shop).knock(payload.encode(), content_type)
    assert answer.status == 400
    [line] = capsys.readouterr().out.splitlines()
    assert "cannot be read" in line
    assert "4711" not in line


@pytest.mark.parametrize("way", [SlackWay.HTTP])
async def test_a_fault_of_the_desks_is_not_taken_for_one_of_slacks(shop: Shop, way: SlackWay) -> None:
    shop.slack.deliveries.retry_waits = (0.1,)
    shop.desk.failures.append(KeyError("a fault of ours"))
    message = await shop.says(shop.emma, REQUEST)
    told = next(one for one in shop.slack.deliveries.of("message") if one.payload["event"]["ts"] == message.ts)
    assert [attempt.status for attempt in told.attempts] == [500, 200]


@pytest.mark.parametrize("event", [{"type": "message", "channel": "C1", "text": "!close"}, {"type": ["message"]}, 7])
async def test_over_a_socket_what_cannot_be_read_is_acknowledged_once(shop: Shop, event: Any) -> None:
    told = shop.slack.deliveries.start(
        Kind.EVENT, {"type": "event_callback", "team_id": shop.workspace.id, "event_id": "Ev1", "event": event}
    )
    await told.settled.wait()
    assert [attempt.is_acknowledged for attempt in told.attempts] == [True]


@pytest.mark.parametrize("way", [SlackWay.HTTP])
async def test_a_name_that_slack_would_not_give_does_not_come_into_the_log(
    shop: Shop, way: SlackWay, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {"type": "event_callback", "team_id": shop.workspace.id, "event_id": "Ev1", "event": {"type": "x\nforged"}}
    capsys.readouterr()
    answer = await webhooks_of(shop).knock(json.dumps(event).encode())
    assert answer.status == 200
    assert "forged" not in capsys.readouterr().out
