"""Reading the policy, and posting it where everybody reads it; what is posted follows its changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rapidfuzz import fuzz, process

from bot.coverage.changes import changed_documents
from bot.coverage.policy import Document
from bot.desk.policy.naming import meant, name_and_languages
from bot.desk.scene import Scene
from bot.model import Block, Button, ButtonStyle, Content, Language, Refusal, Reply, Say
from bot.rules.limits import title
from bot.rules.permissions import is_moderator, require_moderator
from bot.store.database import Transaction
from bot.store.outbox import owe_drawing
from bot.store.policy_queries import (
    PolicyPost,
    add_policy_post,
    policy_change,
    policy_number,
    policy_post_named,
    policy_posts_of,
)
from bot.texts import heading, paragraph, text

_MENDED = 80
"""rapidfuzz's ratio, 0 to 100, between a section's heading when it was posted and now."""


async def show(tx: Transaction, scene: Scene, words: str) -> Reply:
    """`/policy [section] [language]`: a preview."""
    del tx
    section, asked = _asked(scene, words)
    languages = asked or (scene.language,)
    blocks: list[Block] = []
    for language in languages:
        blocks += _blocks(scene, language, scene.policy.documents[language], section)
    buttons: tuple[Button, ...] = ()
    if is_moderator(scene.person, scene.settings):
        part = "all" if section is None else str(section)
        buttons = (Button(f"post-policy:{part}:{'+'.join(languages)}", text("button-post"), ButtonStyle.PRIMARY),)
    return Reply(Content(languages[0], tuple(blocks), buttons, formal=scene.settings.formal))


async def post(tx: Transaction, scene: Scene, words: str) -> Reply:
    """`/policy post [section] [language]`: the policy for everybody in the channel."""
    section, languages = _asked(scene, words)
    return await _post(tx, scene, section, languages or (scene.settings.language,))


async def post_button(tx: Transaction, scene: Scene, action: str) -> Reply:
    """[Post here] under a preview: `post-policy:<section or all>:<languages>`."""
    section, _, codes = action.partition(":")
    languages = tuple(Language(code) for code in codes.split("+") if code in set(Language))
    sections = scene.policy.documents[Language.DE].sections
    known = section == "all" or (section.isdecimal() and int(section) < len(sections))
    if not languages or not known:
        raise Refusal("refused-old-button")
    return await _post(tx, scene, None if section == "all" else int(section), languages)


async def _post(tx: Transaction, scene: Scene, section: int | None, languages: tuple[Language, ...]) -> Reply:
    require_moderator(scene.person, scene.settings)
    for language in languages:
        posted = PolicyPost(
            server=scene.server,
            name=f"policy/{scene.event.key}/{language}",
            channel=scene.event.channel,
            thread=scene.event.thread,
            language=language,
            section=None if section is None else scene.policy.documents[language].sections[section].heading,
            at=scene.event.at,
        )
        await add_policy_post(tx, posted)
        await _owe(tx, posted, scene.now)
    return scene.reply_text("policy-posted")


async def refresh(tx: Transaction, server: str, now: datetime) -> None:
    """Bring what is posted up to date; what is the same as before stays untouched."""
    for posted in await policy_posts_of(tx, server):
        await _owe(tx, posted, now)


async def refresh_all(tx: Transaction, servers: Sequence[str], now: datetime) -> None:
    """The same for some servers, where the policy that they begin with has changed."""
    for server in servers:
        await refresh(tx, server, now)


async def _owe(tx: Transaction, posted: PolicyPost, now: datetime) -> None:
    await owe_drawing(tx, posted.server, f"policy/{posted.channel}", posted.name, now)


async def draw(tx: Transaction, scene: Scene, name: str) -> Say | None:
    """A posted policy as it must be now; None if it is followed no more."""
    posted = await policy_post_named(tx, scene.server, name)
    if posted is None:
        return None
    number = await policy_number(tx, scene.server)
    documents = changed_documents(scene.shipped.policy, await policy_change(tx, scene.server, number))
    document = documents[posted.language]
    section = None if posted.section is None else _section_like(document, posted.section)
    if posted.section is not None and section is None:
        blocks = [paragraph(text("policy-section-gone", section=posted.section))]
    else:
        blocks = _blocks(scene, posted.language, document, section)
    content = scene.content(*blocks, language=posted.language)
    return Say(server=scene.server, channel=posted.channel, thread=posted.thread, content=content)


def _blocks(scene: Scene, language: Language, document: Document, section: int | None) -> list[Block]:
    """The whole policy, or one of its sections, ready for a message."""
    if section is None:
        blocks = [heading(document.title), *document.intro]
        sections = document.sections
    else:
        blocks = []
        sections = document.sections[section : section + 1]
    for part in sections:
        blocks += [heading(part.heading), *part.blocks]
    return [Block(block.kind, scene.policy_words(str(block.words), language)) for block in blocks]


def _section_like(document: Document, name: str) -> int | None:
    """The section with this heading, also where a letter or two of it was mended since."""
    headings = [section.heading for section in document.sections]
    found = process.extractOne(name, headings, scorer=fuzz.ratio, score_cutoff=_MENDED)
    return found[2] if found else None


def _asked(scene: Scene, typed: str) -> tuple[int | None, tuple[Language, ...]]:
    """The section (None for all) and the languages (none: not said) in "order both"."""
    name, languages = name_and_languages(typed)
    return _find_section(scene, name), languages


def _find_section(scene: Scene, typed: str) -> int | None:
    """The section that was meant; None for the whole policy."""
    if not typed:
        return None
    section = section_meant(scene, typed)
    if section is None:
        known = ", ".join(section.heading for section in scene.policy.documents[scene.language].sections)
        raise Refusal("refused-no-such-section", words=title(typed, 40), sections=known)
    return section


def section_meant(scene: Scene, typed: str) -> int | None:
    """The section whose heading, in either language, is like what was typed; None if none is."""
    headings = {
        (language, place): section.heading
        for language in Language
        for place, section in enumerate(scene.policy.documents[language].sections)
    }
    found = meant(typed, headings)
    return found[1] if found else None
