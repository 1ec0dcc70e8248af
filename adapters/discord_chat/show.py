"""Our messages as Discord shows them: views of text and buttons, within all of its limits."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import discord

from adapters.discord_chat.markup import escape_line_starts, head, to_markdown, to_plain, units
from bot.model import BlockKind, Button, ButtonStyle, Content, File, Mention, Roles, Ruling, Text, Words

_LONGEST_TEXT = 4_000
"""Most characters of all texts of one message together."""
_MOST_COMPONENTS = 40
"""Most parts of one message, those inside of others included."""
_LONGEST_LABEL = 80
_LONGEST_DESCRIPTION = 256
"""Most characters of what is told of a picture."""
_ROW = 5
"""Most buttons side by side. The desk puts at most 25 under a message, so that they fit under one view."""

_COLOURS = {
    Ruling.COVERED: discord.Colour(0x2E9E5B),
    Ruling.NOT_COVERED: discord.Colour(0xE8590C),
    Ruling.PAID: discord.Colour(0x7950F2),
    Ruling.PROCESS: discord.Colour(0x2F7BD9),
}
_STYLES = {
    ButtonStyle.PRIMARY: discord.ButtonStyle.primary,
    ButtonStyle.PLAIN: discord.ButtonStyle.secondary,
    ButtonStyle.DANGER: discord.ButtonStyle.danger,
}
_SIGNS = {
    BlockKind.HEADING: "### ",
    BlockKind.PARAGRAPH: "",
    BlockKind.QUOTE: "> ",
    BlockKind.ITEM: "- ",
    BlockKind.NOTE: "-# ",
}
"""How each line of a block begins."""
_CONTINUED = {"- ": "  "}
"""How a further line begins where it is not the same as the first."""
_SIGN = re.compile(r"### |> |- |  |-# |")
_TOKEN = re.compile(r"<[^\s<>]+>|\\.|.", re.DOTALL)
"""What must not be torn: a mention or address, an escaped sign, a character."""
_TORN = {"<", "\\"}
"""Beginnings of such things whose end is missing; people's own are escaped."""
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


class DeskButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"[\s\S]+"):
    """Any button of ours. All it means stands in its id, so discord.py remembers none, and restarts do not matter.

    The client registers this class once, with `add_dynamic_items`, and has the method `pressed`.
    """

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> DeskButton:
        """The button that was pressed."""
        return cls(item)  # type: ignore[arg-type]  # the base class cannot say that it is a button

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the button's action to the client."""
        await interaction.client.pressed(interaction, self.custom_id)


def views(
    content: Content, commands: Mapping[str, int], file: discord.File | None = None
) -> list[discord.ui.LayoutView]:
    """A message of ours, as several where it is too long for one; buttons and the file stand under the last.

    `commands` tells the ids of our slash commands by name. The same `file` has to be sent with the last view; a picture
    is seen at once, any other can be downloaded.
    """
    rows = list(_rows(content))
    under = len(rows) + len(content.buttons) + (file is not None)
    pages = _pages(_parts(content, commands), _MOST_COMPONENTS - 1 - under)
    containers = [_container(page, content.ruling) for page in pages]
    if file is not None:
        containers[-1].add_item(_shown(file))
    for row in rows:
        containers[-1].add_item(row)
    return [_view(container) for container in containers]


def people_meant(content: Content) -> discord.AllowedMentions:
    """Whom a message may call: the people and roles whom we call in it, and nobody whom anybody else does."""
    called = [one for block in content.blocks for one in _called(block.words)]
    users = _objects(one.person for one in called if isinstance(one, Mention))
    roles = _objects(role for one in called if isinstance(one, Roles) for role in one.roles)
    return discord.AllowedMentions(everyone=False, roles=roles or False, users=users, replied_user=False)


def file_of(file: File) -> discord.File:
    """A file to send. Its name is one that Discord leaves as it is, because the view names it, too."""
    name = _UNSAFE.sub("_", file.name).strip("._") or "file"
    about = head(file.about, _LONGEST_DESCRIPTION) or None
    return discord.File(io.BytesIO(file.data), filename=name, description=about)


def _shown(file: discord.File) -> discord.ui.Item[Any]:
    if file.filename.lower().endswith(".png"):
        return discord.ui.MediaGallery(discord.MediaGalleryItem(file))
    return discord.ui.File(file)


def _view(container: discord.ui.Container[Any]) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(container)
    view.stop()  # else discord.py keeps every private answer in memory for a quarter of an hour
    return view


def _container(page: list[str], ruling: Ruling | None) -> discord.ui.Container[Any]:
    colour = None if ruling is None else _COLOURS.get(ruling)
    return discord.ui.Container(*map(discord.ui.TextDisplay[Any], page), accent_colour=colour)


def _rows(content: Content) -> Iterator[discord.ui.ActionRow[Any]]:
    for first in range(0, len(content.buttons), _ROW):
        buttons = content.buttons[first : first + _ROW]
        yield discord.ui.ActionRow(*(_button(button, content) for button in buttons))


def _button(button: Button, content: Content) -> DeskButton:
    label = to_plain(button.label, content.language, formal=content.formal, limit=_LONGEST_LABEL)
    style = _STYLES[button.style]
    return DeskButton(discord.ui.Button(style=style, label=label or "…", custom_id=button.action))


def _parts(content: Content, commands: Mapping[str, int]) -> list[str]:
    """The blocks as markdown; what belongs together is one part."""
    told = partial(to_markdown, language=content.language, formal=content.formal, commands=commands)
    parts: list[str] = []
    before: BlockKind | None = None
    for block in content.blocks:
        words = told(block.words).strip()
        if not words:
            continue
        lines = _set(block.kind, words)
        if _begins_part(block.kind, before):
            parts.append(lines)
        else:
            parts[-1] += f"\n{lines}"
        before = block.kind
    return parts


def _begins_part(kind: BlockKind, before: BlockKind | None) -> bool:
    match kind:
        case BlockKind.HEADING:
            return True
        case BlockKind.PARAGRAPH:
            return before is not BlockKind.HEADING
        case BlockKind.QUOTE:
            return before in {None, BlockKind.QUOTE}  # two quotations in a row would read as one
        case BlockKind.NOTE:
            return before in {None, BlockKind.ITEM}  # below a list it would read as part of the last item
        case _:
            return before is None


def _set(kind: BlockKind, words: str) -> str:
    first = _SIGNS[kind]
    further = _CONTINUED.get(first, first)
    return first + words.replace("\n", f"\n{further}")


def _pages(parts: list[str], room: int) -> list[list[str]]:
    """The texts of each message, of which each has room for so many."""
    pages: list[list[str]] = [[]]
    for part in parts:
        for text in _split(part):
            if len(pages[-1]) == room or sum(map(units, pages[-1])) + units(text) > _LONGEST_TEXT:
                pages.append([])
            pages[-1].append(text)
    return pages


def _split(markdown: str) -> Iterator[str]:
    """Texts that are short enough, cut between paragraphs, else lines, else words, else characters."""
    rest = markdown
    while units(rest) > _LONGEST_TEXT:
        beginning, rest = _cut(rest)
        if beginning.strip():  # Discord refuses a text of nothing but line ends
            yield beginning
    if rest.strip():
        yield rest


def _cut(text: str) -> tuple[str, str]:
    window = head(text, _LONGEST_TEXT)
    for gap in ("\n\n", "\n", " "):
        at = window.rfind(gap, len(window) // 2)  # a beginning of a few words would look torn off
        if at >= 0:
            break
    else:
        at, gap = _last_whole(window), ""
    beginning, rest = text[:at], text[at + len(gap) :]
    if "\n" in gap:
        return beginning, rest
    line, *further = rest.split("\n", 1)  # it did not begin a line before, so it may look like a list or a heading now
    return beginning, "\n".join([_sign_of(beginning) + escape_line_starts(line), *further])


def _last_whole(window: str) -> int:
    """Where a text can end that has no gap: before what its end tears, or at its end."""
    torn = (token.start() for token in _TOKEN.finditer(window) if token[0] in _TORN)
    return next(torn, len(window))


def _sign_of(beginning: str) -> str:
    """How the line that was cut has to go on."""
    line = beginning[beginning.rfind("\n") + 1 :]
    sign = _SIGN.match(line)
    return "" if sign is None else _CONTINUED.get(sign[0], sign[0])


def _called(words: Words) -> Iterator[Mention | Roles]:
    if isinstance(words, Text):
        for value in words.values.values():
            if isinstance(value, Mention | Roles) and value.is_called:
                yield value
            elif isinstance(value, Text):
                yield from _called(value)


def _objects(ids: Iterable[str]) -> list[discord.Object]:
    return [discord.Object(int(id_)) for id_ in sorted(set(ids)) if id_.isdecimal()]
