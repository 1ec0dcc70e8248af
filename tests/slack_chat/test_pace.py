"""When a call may be made, so that Slack need not refuse it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack_chat.pace import EARLY, LONGEST_SLEEP, POST, SPACING, Call, Pace, SharedPace, pace_of
from bot.model import Listener

HELP, GALLERY = Call("T1", POST, "C1"), Call("T1", POST, "C2")
EDIT = Call("T1", "chat.update")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock)


def made(pace: Pace, clock: Clock, call: Call, nonces: list[str], late: list[float] | None = None) -> dict[str, float]:
    """When each call is made, if every one is back when it should, or so many seconds later."""
    lateness = iter(late or [])
    due = dict.fromkeys(nonces, clock.now)
    at: dict[str, float] = {}
    while due:
        nonce = min(due, key=lambda name: due[name])
        clock.now = max(clock.now, due.pop(nonce))
        wait = pace.turn(call, nonce)
        if wait > LONGEST_SLEEP:
            due[nonce] = clock.now + wait - EARLY + next(lateness, 0)
        else:
            at[nonce] = clock.now + wait
    return at


def test_the_first_message_goes_at_once(pace: Pace) -> None:
    assert pace.turn(HELP, "a") == 0


def test_a_second_later_is_at_once_again(pace: Pace, clock: Clock) -> None:
    pace.turn(HELP, "a")
    clock.now += SPACING
    assert pace.turn(HELP, "b") == 0


def test_a_channel_takes_one_message_a_second_in_the_order_of_asking(pace: Pace, clock: Clock) -> None:
    nonces = [f"letter {number}" for number in range(50)]
    at = made(pace, clock, HELP, nonces)
    assert list(at) == nonces
    assert all(later - earlier >= 1 for earlier, later in pairwise(at.values()))
    assert max(at.values()) - min(at.values()) == pytest.approx(49 * SPACING)


def test_who_was_put_off_keeps_the_turn_against_who_comes_later(pace: Pace, clock: Clock) -> None:
    waits = [pace.turn(HELP, nonce) for nonce in "abcd"]
    clock.now += waits[3] - EARLY
    assert pace.turn(HELP, "newcomer") == pytest.approx(EARLY + SPACING)
    assert pace.turn(HELP, "d") == pytest.approx(EARLY)


def test_who_has_missed_the_turn_gets_another_one(pace: Pace, clock: Clock) -> None:
    waits = [pace.turn(HELP, nonce) for nonce in "abcd"]
    clock.now += waits[3] + 0.5
    assert pace.turn(HELP, "d") == pytest.approx(SPACING - 0.5)


def test_asking_again_too_early_changes_nothing(pace: Pace, clock: Clock) -> None:
    for nonce in "abc":
        pace.turn(HELP, nonce)
    wait = pace.turn(HELP, "d")
    clock.now += 0.5
    assert pace.turn(HELP, "d") == pytest.approx(wait - 0.5)
    assert pace.turn(HELP, "e") == pytest.approx(wait - 0.5 + SPACING)


def test_channels_and_workspaces_do_not_wait_for_each_other(pace: Pace) -> None:
    for number in range(20):
        pace.turn(HELP, f"letter {number}")
    assert pace.turn(GALLERY, "other channel") == 0
    assert pace.turn(Call("T2", POST, "C1"), "other workspace") == 0


@given(st.lists(st.floats(0, 5), max_size=60))
def test_a_channel_is_never_hurried_however_late_its_letters_come(late: list[float]) -> None:
    clock = Clock()
    nonces = [f"letter {number}" for number in range(30)]
    at = sorted(made(Pace(clock), clock, HELP, nonces, late).values())
    assert len(at) == len(nonces)
    assert all(later - earlier >= 1 for earlier, later in pairwise(at))


def test_a_workspace_gets_fewer_than_300_messages_a_minute(pace: Pace, clock: Clock) -> None:
    begins = []
    for number in range(600):
        wait = pace.turn(Call("T1", POST, f"C{number}"), f"letter {number}")
        begins.append(clock.now + wait)
    assert begins == sorted(begins)
    assert all(later - earlier >= 60 for earlier, later in zip(begins, begins[250:], strict=False))


@pytest.mark.parametrize("method", ["chat.update", "chat.delete", "conversations.open", "conversations.replies"])
def test_other_methods_get_fewer_than_50_calls_a_minute(pace: Pace, clock: Clock, method: str) -> None:
    clock.now += 13.7
    at = list(made(pace, clock, Call("T1", method), [f"letter {number}" for number in range(150)]).values())
    assert all(later - earlier >= 60 for earlier, later in zip(at, at[50:], strict=False))
    assert at[149] - at[0] < 300


def test_a_few_edits_go_at_once(pace: Pace) -> None:
    assert [pace.turn(EDIT, f"letter {number}") for number in range(12)] == [0] * 12
    assert pace.turn(EDIT, "one more") > LONGEST_SLEEP


def test_a_refused_channel_is_left_alone_and_others_are_not(pace: Pace, clock: Clock) -> None:
    pace.turn(HELP, "a")
    pace.hold(HELP, 30)
    assert pace.turn(HELP, "a") == 30
    assert pace.turn(HELP, "b") == pytest.approx(30 + SPACING)
    assert pace.turn(GALLERY, "c") == 0
    at = made(pace, clock, HELP, ["a", "b", "d"])
    assert min(at.values()) >= 1_030
    assert all(later - earlier >= 1 for earlier, later in pairwise(sorted(at.values())))


def test_a_shorter_refusal_does_not_lift_a_longer_one(pace: Pace) -> None:
    pace.hold(EDIT, 30)
    pace.hold(EDIT, 1)
    assert pace.turn(EDIT, "a") == 30


def test_a_refusal_holds_for_what_had_its_turn_already(pace: Pace, clock: Clock) -> None:
    waits = [pace.turn(HELP, nonce) for nonce in "abc"]
    pace.hold(HELP, 30)
    clock.now += waits[2]
    assert pace.turn(HELP, "c") == pytest.approx(30 - waits[2])


def remembered(pace: Pace) -> list[int]:
    return [len(getattr(pace, name)) for name in ("_lines", "_spent", "_kept")]


def test_what_is_over_is_forgotten(pace: Pace, clock: Clock) -> None:
    for number in range(1_000):
        clock.now += 1
        pace.turn(Call(f"T{number}", POST, f"C{number}"), "taken")
        pace.turn(Call("T1", POST, "C1"), f"never comes back {number}")
        assert max(remembered(pace)) < 200
    clock.now += 2_000
    pace.turn(HELP, "last")
    assert remembered(pace) == [1, 1, 0]


# --- several workers ----------------------------------------------------------------------------------


class TakenByOthers:
    """The desk of a worker: the others have taken all turns, and the next one comes in so many seconds."""

    has_company = True

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def wait_turn(self, _name: str, _rate: float, _most: int) -> timedelta:
        return timedelta(seconds=self.seconds)


def shared(clock: Clock, seconds: float) -> SharedPace:
    return SharedPace(cast("Listener", TakenByOthers(seconds)), clock)


async def test_of_those_who_find_no_turn_two_wait_and_the_others_come_back_one_by_one(clock: Clock) -> None:
    pace = shared(clock, 1)
    waiting = [asyncio.create_task(pace.wait(HELP, nonce, can_come_back=True)) for nonce in "ab"]
    await asyncio.sleep(0.01)
    put_off = [await pace.wait(HELP, nonce, can_come_back=True) for nonce in "cde"]
    assert put_off == pytest.approx([1, 1 + SPACING, 1 + 2 * SPACING])
    for task in waiting:
        assert not task.done()
        task.cancel()


async def test_nobody_waits_long_on_the_spot_unless_they_have_begun(clock: Clock) -> None:
    pace = shared(clock, 5)
    assert await pace.wait(EDIT, "a", can_come_back=True) == 5
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pace.wait(EDIT, "b", can_come_back=False), 0.02)


async def test_what_slack_has_refused_is_not_asked_for(clock: Clock) -> None:
    pace = shared(clock, 0)
    pace.hold(HELP, 30)
    assert await pace.wait(HELP, "a", can_come_back=True) == 30
    assert await pace.wait(GALLERY, "b", can_come_back=True) == 0
    clock.now += 30
    assert await pace.wait(HELP, "a", can_come_back=True) == 0


@pytest.mark.parametrize(("has_company", "kind"), [(True, SharedPace), (False, Pace)])
def test_who_is_alone_needs_no_database_for_it(*, has_company: bool, kind: type) -> None:
    assert type(pace_of(cast("Listener", SimpleNamespace(has_company=has_company)))) is kind
