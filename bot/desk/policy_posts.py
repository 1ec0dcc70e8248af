"""`/policy`: anybody reads the policy privately; moderators post it."""

from __future__ import annotations

from rapidfuzz import fuzz, process

from bot.coverage.policy import Document, address
from bot.desk.scene import Scene
from bot.model import Block, Button, ButtonStyle, Content, Language, Refusal, Reply, Say
from bot.rules.limits import title
from bot.rules.permissions import is_moderator, require_moderator
from bot.store.database import Transaction
from bot.texts import heading, text

_LIKE_ENOUGH = 70
"""rapidfuzz's partial ratio, 0 to 100, between what was typed and a section's heading."""
_LANGUAGES = {
    "de": Language.DE,
    "deutsch": Language.DE,
    "german": Language.DE,
    "en": Language.EN,
    "englisch": Language.EN,
    "english": Language.EN,
}


async def policy_command(tx: Transaction, scene: Scene) -> Reply:
    """`/policy [post] [section] [language]`: a preview, or, with `post`, the policy for everybody in the channel."""
    words = scene.words.split()
    post = bool(words) and words[0].casefold() == "post"
    words = words[1:] if post else words
    if words and words[-1].casefold() == "both":
        languages: tuple[Language, ...] = (Language.DE, Language.EN)
        words = words[:-1]
    elif words and words[-1].casefold() in _LANGUAGES:
        languages = (_LANGUAGES[words[-1].casefold()],)
        words = words[:-1]
    else:
        languages = (scene.settings.language if post else scene.language,)
    section = _find_section(scene, " ".join(words))
    if post:
        return await _post(tx, scene, section, languages)
    return _preview(scene, section, languages)


async def post_button(tx: Transaction, scene: Scene, action: str) -> Reply:
    """[Post here] under a preview: `post-policy:<section or all>:<languages>`."""
    section, _, codes = action.partition(":")
    languages = tuple(Language(code) for code in codes.split("+") if code in set(Language))
    known = section == "all" or (section.isdecimal() and int(section) < len(_document(scene, Language.DE).sections))
    if not languages or not known:
        raise Refusal("refused-old-button")
    return await _post(tx, scene, None if section == "all" else int(section), languages)


def _preview(scene: Scene, section: int | None, languages: tuple[Language, ...]) -> Reply:
    blocks: list[Block] = []
    for language in languages:
        blocks += policy_blocks(scene, section, language)
    buttons: tuple[Button, ...] = ()
    if is_moderator(scene.person, scene.settings):
        part = "all" if section is None else str(section)
        buttons = (Button(f"post-policy:{part}:{'+'.join(languages)}", text("button-post"), ButtonStyle.PRIMARY),)
    return Reply(Content(languages[0], tuple(blocks), buttons, formal=scene.settings.formal))


async def _post(tx: Transaction, scene: Scene, section: int | None, languages: tuple[Language, ...]) -> Reply:
    require_moderator(scene.person, scene.settings)
    for language in languages:
        content = scene.content(*policy_blocks(scene, section, language), language=language)
        say = Say(server=scene.server, channel=scene.event.channel, thread=scene.event.thread, content=content)
        await scene.owe(tx, f"policy/{scene.event.channel}", say)
    return scene.reply_text("policy-posted")


def policy_blocks(scene: Scene, section: int | None, language: Language) -> list[Block]:
    """The whole policy, or one of its sections, ready for a message."""
    document = _document(scene, language)
    if section is None:
        blocks = [heading(document.title), *document.intro]
        sections = document.sections
    else:
        blocks = []
        sections = document.sections[section : section + 1]
    for part in sections:
        blocks += [heading(part.heading), *part.blocks]
    formal = scene.settings.formal
    return [Block(block.kind, address(str(block.words), formal=formal)) for block in blocks]


def _find_section(scene: Scene, typed: str) -> int | None:
    """The section that was meant, in either language; None for the whole policy."""
    if not typed:
        return None
    headings = {
        (language, place): section.heading.casefold()
        for language in Language
        for place, section in enumerate(_document(scene, language).sections)
    }
    wanted = typed.casefold()
    alike = process.extract(wanted, headings, scorer=fuzz.partial_ratio, score_cutoff=_LIKE_ENOUGH, limit=None)
    if not alike:
        sections = _document(scene, scene.language).sections
        raise Refusal(
            "refused-no-such-section",
            words=title(typed, 40),
            sections=", ".join(section.heading for section in sections),
        )
    # "Included" is also a part of "not included", so among the equally good ones the whole heading decides.
    _, _, (_, place) = max(alike, key=lambda found: (found[1], fuzz.ratio(wanted, found[0])))
    return place


def _document(scene: Scene, language: Language) -> Document:
    return scene.policy.documents[language]
