"""Channels whose id has changed go on being the ones that the desk knows."""

from __future__ import annotations

import asyncio
import json
from typing import cast

import pytest

from adapters.slack_chat.channels import Channels
from bot.model import Listener
from tests.slack_chat.paper_slack import ByHand, PaperDesk

SERVER = "slack:T0HOME"


def channels(desk: PaperDesk, clock: ByHand | None = None) -> Channels:
    return Channels(cast("Listener", desk), SERVER, clock or ByHand())


async def test_an_ordinary_channel_has_one_id() -> None:
    known = channels(PaperDesk())
    await known.read()
    assert (known.known_as("C1"), known.now("C1"), known.changed) == ("C1", "C1", {})


async def test_a_changed_channel_is_known_by_its_first_id_and_written_to_by_its_latest() -> None:
    known = channels(PaperDesk())
    await known.renamed("G1", "C2")
    await known.renamed("C2", "C3")
    assert (known.known_as("C3"), known.now("G1")) == ("G1", "C3")
    assert known.changed == {"G1": "C3"}


async def test_a_change_told_again_changes_nothing() -> None:
    known = channels(PaperDesk())
    await known.renamed("G1", "C2")
    await known.renamed("C2", "C3")
    await known.renamed("G1", "C2")
    assert known.now("G1") == "C3"


async def test_changes_outlive_a_restart() -> None:
    desk = PaperDesk()
    await channels(desk).renamed("G1", "C2")
    again = channels(desk)
    await again.read()
    assert again.known_as("C2") == "G1"


async def test_two_processes_lose_none_of_each_others_changes() -> None:
    desk = PaperDesk()
    one, other = channels(desk), channels(desk)
    await one.renamed("G1", "C1")
    await other.renamed("G2", "C2")
    assert json.loads(desk.notes[SERVER, "channels"]) == {"G1": "C1", "G2": "C2"}


async def test_what_another_worker_has_kept_is_known_after_a_while_before_anything_is_heard() -> None:
    desk, clock = PaperDesk(has_company=True), ByHand()
    known = channels(desk, clock)
    await known.read()
    await channels(desk).renamed("G1", "C2")
    await known.read_if_old()
    assert known.known_as("C2") == "C2"
    clock.now += 10
    reads = desk.reads
    await asyncio.gather(*(known.read_if_old() for _ in range(5)))
    assert known.known_as("C2") == "G1"
    assert desk.reads == reads + 1


async def test_who_is_alone_reads_nothing_again() -> None:
    desk, clock = PaperDesk(), ByHand()
    known = channels(desk, clock)
    await known.read()
    clock.now += 1_000
    await known.read_if_old()
    assert desk.reads == 1


async def test_a_store_that_fails_is_told_so_that_the_event_comes_again() -> None:
    desk, clock = PaperDesk(has_company=True), ByHand()
    known = channels(desk, clock)
    await known.renamed("G1", "C2")
    desk.trouble = OSError("disk")
    clock.now += 10
    with pytest.raises(OSError, match="disk"):
        await known.read_if_old()
    assert known.known_as("C2") == "G1"
