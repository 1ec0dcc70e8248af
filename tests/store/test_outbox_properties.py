"""Whatever happens, lanes keep their order, nothing is lost, and only what had lost its mark is doubled."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Done, Effect, Later, Never, OpenThread, Outcome, Say
from bot.store.outbox import LEASE, MEANWHILE_AFTER, owe
from tests.doubles.post_office import SERVER, MoodyChat, PostOffice, open_post_office, saying, words_of

LANES = ("a", "b", "c")
OWE = st.tuples(st.just("owe"), st.sampled_from(LANES))
MOODS = st.lists(st.sampled_from(["done", "later", "wait", "never", "bug"]), max_size=6)
DELIVER = st.tuples(st.just("deliver"), MOODS)
DIE = st.tuples(st.just("die"), st.sampled_from(["before", "after"]))
PASS = st.tuples(st.just("pass"), st.sampled_from([1, 10, 120]))
ACTIONS = st.lists(st.one_of(OWE, OWE, DELIVER, DELIVER, DIE, PASS), min_size=10, max_size=30)
OUTCOMES = {
    "done": Done(),
    "later": Later("down"),
    "wait": Later("throttled", timedelta(seconds=5)),
    "never": Never("gone"),
    "bug": ValueError("a bug of the adapter"),
}


class Play:
    """Does the actions, and remembers what must come of them."""

    def __init__(self, office: PostOffice) -> None:
        self.office = office
        self.owed: dict[str, list[str]] = {lane: [] for lane in LANES}
        self.given_up: set[str] = set()
        self.unmarked: Counter[str] = Counter()
        """Effects that were performed, and how often the process died before it could write that down."""

    async def act(self, action: str, detail: object) -> None:
        match action, detail:
            case "owe", str() as lane:
                words = f"{lane}{len(self.owed[lane])}"
                self.owed[lane].append(words)
                await self.office.owe(words, lane)
            case "deliver", list() as moods:
                await self._deliver(moods)
            case "die", when:
                await self._die(after=when == "after")
            case "pass", int() as seconds:
                self.office.pass_time(timedelta(seconds=seconds))

    async def _deliver(self, moods: list[str]) -> None:
        chat = self.office.chat
        left = iter(moods)

        def mood(effect: object) -> Done | Later | Never | ValueError:
            name = next(left, "done")
            if name == "never":
                self.given_up.add(words_of(effect))  # type: ignore[arg-type]
            return OUTCOMES[name]  # type: ignore[return-value]

        chat.mood = mood
        await self.office.outbox.deliver_ready()

    async def _die(self, *, after: bool) -> None:
        chat = self.office.chat

        def mood(effect: object) -> BaseException:
            if after:
                chat.done.append((chat.tries[-1][0], effect))  # type: ignore[arg-type]
                self.unmarked[words_of(effect)] += 1  # type: ignore[arg-type]
            return asyncio.CancelledError()

        chat.mood = mood
        await self.office.die_while_delivering()

    def check(self) -> None:
        said = self.office.chat.said
        for lane, owed in self.owed.items():
            first_said = list(dict.fromkeys(words for words in said if words[0] == lane))
            assert first_said == [words for words in owed if words in first_said], "a lane lost its order"
            missing = set(owed) - set(first_said)
            assert missing <= self.given_up, "an effect was lost"
        for words, times in Counter(said).items():
            assert times <= 1 + self.unmarked[words], "doubled although its mark was kept"
        by_words: dict[str, set[str]] = {}
        for nonce, effect in self.office.chat.tries:
            by_words.setdefault(words_of(effect), set()).add(nonce)
        assert all(len(nonces) == 1 for nonces in by_words.values()), "tried again under another nonce"
        assert len(set.union(set(), *by_words.values())) == len(by_words), "two effects under one nonce"


@settings(max_examples=60)
@given(actions=ACTIONS)
def test_no_interleaving_loses_doubles_or_reorders(
    new_url: Callable[[], str], actions: list[tuple[str, object]]
) -> None:
    async def play() -> None:
        async with open_post_office(new_url()) as office:
            game = Play(office)
            for action, detail in actions:
                await game.act(action, detail)
            office.chat.mood = MoodyChat().mood
            office.pass_time(LEASE)
            for _ in range(3):
                await office.deliver()
                office.pass_time(timedelta(minutes=6))
            game.check()

    asyncio.run(play())


A_THREAD = OpenThread(server=SERVER, channel="support", message="m", name="n", meanwhile=saying("meanwhile").content)
THREAD_MOODS: dict[str, Outcome | BaseException] = {
    "short": Later("throttled", MEANWHILE_AFTER - timedelta(seconds=1)),
    "long": Later("throttled", MEANWHILE_AFTER),
    "unknown": Later("down"),
    "bug": ValueError("a bug of the adapter"),
    "death": asyncio.CancelledError(),
}


async def open_thread(office: PostOffice, moods: list[str], end: Outcome) -> None:
    """A thread is promised, and opened, or refused, after all that happens before; then its first words."""
    await office.database.transaction(lambda tx: owe(tx, "lane", A_THREAD, office.now))
    await office.owe("receipt")
    for name in moods:

        def mood(effect: Effect, name: str = name) -> Outcome | BaseException:
            return THREAD_MOODS[name] if name == "death" or isinstance(effect, OpenThread) else Done()

        office.chat.mood = mood
        if name == "death":
            await office.die_while_delivering()
        else:
            await office.outbox.deliver_ready()
        office.pass_time(LEASE * 6)
    office.chat.mood = lambda effect: end if isinstance(effect, OpenThread) else Done()
    await office.deliver()


@settings(max_examples=60)
@given(moods=st.lists(st.sampled_from(sorted(THREAD_MOODS)), max_size=6), end=st.sampled_from([Done(), Never("no")]))
def test_who_waits_is_told_once_however_often_it_is_tried_and_the_process_dies(
    new_url: Callable[[], str], moods: list[str], end: Outcome
) -> None:
    async def play() -> None:
        async with open_post_office(new_url()) as office:
            await open_thread(office, moods, end)
            must_be_told = "long" in moods or isinstance(end, Never)
            told = {nonce for nonce, effect in office.chat.done if isinstance(effect, Say) and effect.answers}
            assert len(told) == must_be_told
            tries = {nonce for nonce, effect in office.chat.tries if isinstance(effect, OpenThread)}
            assert len(tries) == 1, "tried again under another nonce"
            kinds = [effect.kind for _, effect in office.chat.done if not (isinstance(effect, Say) and effect.answers)]
            assert kinds == ["open_thread"] * isinstance(end, Done) + ["say"], "the lane lost its order"

    asyncio.run(play())
