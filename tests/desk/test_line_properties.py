"""The line keeps its promises under any interleaving of what people do: played against a model of a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.coverage.matcher import Matcher
from bot.store.outbox import dead_letters
from tests.doubles.line_game import Game
from tests.doubles.world import open_world

WHO, WHICH, LATE = st.integers(0, 1), st.integers(0, 30), st.sampled_from([0, 0, 0, 2, 7, 600])
ACT = st.one_of(
    st.tuples(st.just("open"), WHO, LATE),
    st.tuples(st.just("walk_in"), LATE),
    st.tuples(st.just("walk_in"), LATE),
    st.tuples(st.just("claim_next"), WHO),
    st.tuples(st.just("claim_number"), WHO, WHICH, st.sampled_from(["", "the shop is down"])),
    st.tuples(st.just("claim_at_once"), st.integers(2, 6)),
    st.tuples(st.just("claim_one_at_once"), WHICH, st.integers(2, 4)),
    st.tuples(st.just("release"), WHO, WHICH),
    st.tuples(st.just("close"), st.integers(0, 4), WHICH),
    st.tuples(st.just("delete"), WHICH),
    st.tuples(st.just("write_again"), WHICH),
    st.tuples(st.just("answer"), WHO, WHICH),
    st.tuples(st.just("restart")),
)


async def play(url: str, matcher: Matcher, acts: list[tuple[Any, ...]]) -> None:
    async with AsyncExitStack() as stack:
        game = Game(await stack.enter_async_context(open_world(url, matcher)))
        for name, *details in acts:
            if name == "restart":
                await stack.aclose()
                game.world = await stack.enter_async_context(open_world(url, matcher, before=game.world))
            else:
                await getattr(game, name)(*details)
            await game.check()
        await game.world.deliver()
        assert await game.world.database.transaction(dead_letters) == []


@settings(max_examples=25)
@given(acts=st.lists(ACT, min_size=15, max_size=40))
def test_the_line_keeps_its_promises(new_url: Callable[[], str], matcher: Matcher, acts: list[tuple[Any, ...]]) -> None:
    asyncio.run(play(new_url(), matcher, acts))
