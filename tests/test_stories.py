"""Every file in tests/stories is a conversation with the real desk, and a test. tests/stories/README.md tells how."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.coverage.matcher import Matcher
from bot.store import migrations
from bot.store.tables import metadata
from tests.stories.reading import StoryError, read_story
from tests.stories.stage import StoryFailedError, open_stage

_FOLDER = Path(__file__).parent / "stories"
_FILES = sorted(_FOLDER.rglob("*.yaml"))


@pytest.mark.parametrize("file", _FILES, ids=[str(file.relative_to(_FOLDER).with_suffix("")) for file in _FILES])
async def test_story(file: Path, database_url: str, matcher: Matcher) -> None:
    try:
        story = read_story(file)
    except StoryError as error:
        pytest.fail(f"{file}:{error.line}: {error}", pytrace=False)
    async with open_stage(database_url, matcher, story) as stage:
        for step in story.steps:
            try:
                await stage.play(step)
            except (StoryFailedError, StoryError) as error:
                dialogue = "\n".join(stage.dialogue)
                told = f"{file}:{step.line}: {step}\n\n{error}\n\n{story.title}, so far:\n{dialogue}"
                pytest.fail(told, pytrace=False)


@pytest.mark.parametrize(
    "file", {file.parent.name: file for file in _FILES}.values(), ids=lambda file: file.parent.name
)
async def test_a_story_goes_on_as_before_while_the_next_version_is_rolled_out(
    file: Path, database_url: str, matcher: Matcher
) -> None:
    await asyncio.to_thread(migrations.connected, database_url, _expand)
    assert await asyncio.to_thread(migrations.is_usable, database_url)
    await _play(file, database_url, matcher)


def _expand(connection: Connection) -> None:
    """What the next version may do to the schema while this one works on it."""
    for table in metadata.sorted_tables:
        connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN to_come TEXT NOT NULL DEFAULT 'x'"))
        connection.execute(text(f"CREATE INDEX ix_{table.name}_to_come ON {table.name} (to_come)"))
    connection.execute(text("CREATE TABLE to_come (id INTEGER PRIMARY KEY)"))
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("title: x\nsteps: [Emma is happy]", "no such step"),
        ("title: x\nsteps: [Emma: /place, {Emma reads: [No], extra: 1}]", "a step is one sentence"),
        ("title: x\nsteps:\n  - Emma in support: it is ticket #1", "needs quotes"),
        ("title: x\nsteps:\n  - Emma in support: it says: error", "needs quotes"),
        ("title: x\nsteps: [Emmma: /place]", "no Emmma in the cast"),
        ("title: x\nsteps: [Emma in suport: hello there]", "no channel suport"),
        ("title: x\nsteps: [{Emma: /ticket}, {Emma fills in: {Nonsense: 1}}]", "does not ask for: Nonsense"),
        ("titel: x\nsteps: []", "a title and steps"),
    ],
)
async def test_a_slip_in_a_story_is_an_error(
    words: str, reason: str, tmp_path: Path, database_url: str, matcher: Matcher
) -> None:
    file = tmp_path / "slip.yaml"
    file.write_text(words, encoding="utf-8")
    with pytest.raises(StoryError, match=reason):
        await _play(file, database_url, matcher)


async def test_a_story_that_tells_something_else_fails(tmp_path: Path, database_url: str, matcher: Matcher) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("title: x\nsteps: [{Emma: /place}, {Emma reads: You have won}]", encoding="utf-8")
    with pytest.raises(StoryFailedError, match="it does not say: You have won"):
        await _play(file, database_url, matcher)


async def _play(file: Path, database_url: str, matcher: Matcher) -> None:
    story = read_story(file)
    async with open_stage(database_url, matcher, story) as stage:
        for step in story.steps:
            await stage.play(step)
