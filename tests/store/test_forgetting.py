"""What is kept of a server that was left, for how long, and that nothing remains after that."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import func, select

from bot.model import ServerLeft
from bot.store import queries
from bot.store.database import Database, Transaction
from bot.store.forgetting import COMES_BACK, forget_some
from bot.store.tables import metadata
from tests.doubles.world import EMMA, JONAS, MAREK, SERVER, SETUP, START, TOM, World

REQUEST = "The slider does not work after the update"
OTHER = "paper:other"


async def rows(world: World, server: str) -> dict[str, int]:
    """How many rows each table has of a server."""
    counted = {}
    for table in metadata.sorted_tables:
        if table.name in {"leases", "budgets"}:
            continue  # of workers
        column = table.c.id if table.name == "servers" else table.c.server
        query = select(func.count()).select_from(table).where(column == server)
        counted[table.name] = await world.database.transaction(partial(Transaction.value, clause=query))
    return counted


async def live(world: World, server: str) -> None:
    """A server in which everything that leaves a row has happened."""
    world.server = server
    await world.join("en", channel="general")
    await world.send(MAREK, "setup", SETUP)
    await world.post(EMMA, REQUEST)
    await world.post(JONAS, "Can you change the layout for me?")
    await world.command(TOM, "/claim", channel="agents")
    await world.command(EMMA, "/policy post en")
    await world.command(MAREK, "/policy post en", channel="general")
    await world.send(JONAS, "paid", dict.fromkeys(("product", "wish", "budget", "deadline", "contact"), "x"))
    await world.command(MAREK, "/block <@jonas>")
    await world.desk.keep(server, "installation", "secret")
    await world.deliver()


async def test_a_server_that_was_left_is_forgotten_with_all_that_it_had(world: World) -> None:
    await live(world, OTHER)
    await live(world, "paper:gone")
    kept = await rows(world, OTHER)
    await world.happen(ServerLeft)
    world.pass_time(COMES_BACK + timedelta(minutes=1))
    await world.desk.tidy()
    assert {name for name, count in (await rows(world, "paper:gone")).items() if count} == set()
    left = await rows(world, OTHER)
    assert left["tickets"] == kept["tickets"] == 1
    assert left["keepsakes"] == 1


async def test_a_server_that_comes_back_in_time_keeps_everything(world: World) -> None:
    await live(world, "paper:back")
    before = await rows(world, "paper:back")
    await world.happen(ServerLeft)
    world.pass_time(COMES_BACK - timedelta(days=1))
    await world.join("en")
    world.pass_time(timedelta(days=2))
    await world.desk.tidy()
    after = await rows(world, "paper:back")
    for table in ("servers", "tickets", "history", "keepsakes", "blocked", "paid_requests"):
        assert after[table] == before[table] > 0, table


async def test_a_server_that_comes_back_while_it_is_forgotten_goes_on_with_what_is_left(world: World) -> None:
    await live(world, "paper:back")
    await world.happen(ServerLeft)
    world.pass_time(COMES_BACK + timedelta(minutes=1))
    before = world.now - COMES_BACK
    forget = partial(forget_some, server="paper:back", before=before, most=1)
    assert [await world.database.transaction(forget) for _ in range(3)] == [True] * 3
    await world.join("en")
    assert not await world.database.transaction(forget)
    assert (await rows(world, "paper:back"))["servers"] == 1
    await world.post(EMMA, "The export fails", message="m99")
    assert (await rows(world, "paper:back"))["tickets"] >= 1


async def test_what_is_kept_can_be_changed_and_dropped_once(world: World) -> None:
    desk = world.desk
    await desk.keep("paper:a", "installation", "one")
    await desk.keep("paper:a", "installation", "two")
    await desk.keep("paper:b", "installation", "three")
    await desk.keep("paper:a", "channels", "{}")
    await desk.keep("other:a", "installation", "four")
    assert await desk.kept("paper:a", "installation") == "two"
    assert await desk.all_kept("paper", "installation") == {"paper:a": "two", "paper:b": "three"}
    assert [await desk.drop("paper:a", "installation") for _ in range(2)] == [True, False]
    assert await desk.kept("paper:a", "installation") is None
    assert await desk.kept("paper:a", "channels") == "{}"


async def test_what_was_kept_for_something_broken_off_goes_after_a_day(world: World) -> None:
    await world.desk.keep("paper:", "state", "x")
    await world.desk.keep(world.server, "installation", "y")
    world.pass_time(timedelta(hours=25))
    await world.desk.tidy()
    assert await world.desk.kept("paper:", "state") is None
    assert await world.desk.kept(world.server, "installation") == "y"


async def test_events_and_early_news_are_dropped_each_at_its_time_in_steps(database: Database) -> None:
    ages = [timedelta(), 2 * queries.KEEP_EARLY_NEWS, queries.KEEP_EVENTS - timedelta(seconds=1)]
    ages += [queries.KEEP_EVENTS + timedelta(seconds=number) for number in (1, 2, 3)]

    async def tell(tx: Transaction) -> None:
        for number, age in enumerate(ages):
            await queries.is_new(tx, SERVER, f"event {number}", START - age)
            await queries.keep_early_news(tx, SERVER, f"news {number}", START - age, "newer words")
            await queries.keep_early_news(tx, SERVER, f"deletion {number}", START - age, None)

    async def left(tx: Transaction) -> list[tuple[bool, bool, bool]]:
        return [
            (
                not await queries.is_new(tx, SERVER, f"event {number}", START),
                await queries.early_news(tx, SERVER, f"news {number}") is not None,
                await queries.early_news(tx, SERVER, f"deletion {number}") is not None,
            )
            for number in range(len(ages))
        ]

    await database.transaction(tell)
    step = partial(queries.forget_old_events, now=START, most=4)
    steps = [await database.transaction(step)]
    while steps[-1]:
        steps.append(await database.transaction(step))
    assert max(steps) == 4
    gone, only_the_event = (False, False, False), (True, False, False)
    assert await database.transaction(left) == [(True, True, True), only_the_event, only_the_event, gone, gone, gone]
