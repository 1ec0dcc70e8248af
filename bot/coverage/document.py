"""Reads the whole policy as a document: policy.<language>.md, well set for chat.

Only what chats can show alike is allowed: one title, sections, paragraphs, list items and quotations, plain words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.coverage.policy_file import PolicyError, read_text
from bot.model import Block, BlockKind


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the document and what stands below it."""

    heading: str
    blocks: tuple[Block, ...]
    line: int
    """Where the heading stands in the file, from 1."""


@dataclass(frozen=True, slots=True)
class Document:
    """The policy as people read it, in one language."""

    title: str
    intro: tuple[Block, ...]
    """What stands between the title and the first section."""
    sections: tuple[Section, ...]
    source: str = field(repr=False)
    """The Markdown that it was read from."""


_TITLE, _HEADING = 1, 2
"""Levels of `#` and `##`."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """The title, a heading, or (`level` 0) another block."""

    level: int
    kind: BlockKind
    words: str
    line: int


def read_document(path: Path) -> Document:
    """Read a policy document. Raises PolicyError."""
    return parse_document(path.name, read_text(path))


def parse_document(name: str, text: str) -> Document:
    """Understand the Markdown of a policy document, called `name` in the PolicyError that this raises."""
    pieces = list(_pieces(name, text))
    if not pieces or pieces[0].level != _TITLE:
        raise PolicyError(name, 1, "the file must begin with its title: a line such as `# Support policy`")
    title, *rest = pieces
    for piece in rest:
        if piece.level == _TITLE:
            raise PolicyError(name, piece.line, "there must be only one title; use ## for sections")
    starts = [place for place, piece in enumerate(rest) if piece.level == _HEADING]
    if not starts:
        raise PolicyError(name, title.line, "the file has no section: a line such as `## Answer times`")
    sections = []
    for start, end in zip(starts, [*starts[1:], len(rest)], strict=True):
        if end == start + 1:
            raise PolicyError(name, rest[start].line, f'the section "{rest[start].words}" is empty')
        sections.append(Section(rest[start].words, _blocks(rest[start + 1 : end]), rest[start].line))
    return Document(title.words, _blocks(rest[: starts[0]]), tuple(sections), text)


def require_same_shape(file: str, document: Document, other_file: str, other: Document) -> None:
    """Raise PolicyError about `file` unless it has the sections and blocks of its sister in another language."""
    if _kinds(document.intro) != _kinds(other.intro):
        raise PolicyError(file, 1, f"what stands before the first section differs in form from {other_file}")
    for section, sister in zip(document.sections, other.sections, strict=False):
        if _kinds(section.blocks) != _kinds(sister.blocks):
            reason = f'the section "{section.heading}" differs in form from "{sister.heading}" in {other_file}'
            raise PolicyError(file, section.line, reason)
    if (count := len(document.sections)) != (others := len(other.sections)):
        raise PolicyError(file, document.sections[-1].line, f"{count} sections, but {others} in {other_file}")


_CONTAINERS = {"bullet_list": BlockKind.ITEM, "list_item": BlockKind.ITEM, "blockquote": BlockKind.QUOTE}
_OTHERS = {"heading", "paragraph", "inline"}


def _pieces(name: str, text: str) -> Iterator[_Piece]:
    """Headings and blocks in their order; what they stand in (list, quotation) decides their kind."""
    level = 0
    around: list[str] = []
    line = 1
    for token in MarkdownIt("commonmark").parse(text):
        line = token.map[0] + 1 if token.map else line
        base = token.type.removesuffix("_open").removesuffix("_close")
        if base not in _CONTAINERS and base not in _OTHERS:
            raise PolicyError(name, line, "only a title, sections, paragraphs, `- ` items and `> ` quotations, please")
        if base == "heading":
            level = int(token.tag[1:]) if token.nesting > 0 else 0
            if level > _HEADING or around:
                raise PolicyError(name, line, "only # (the title) and ## (a section) are possible as headings")
        elif base in _CONTAINERS and token.nesting > 0:
            if around not in ([], ["bullet_list"]):
                raise PolicyError(name, line, "a list or quotation cannot stand in another one")
            around.append(base)
        elif base in _CONTAINERS:
            around.pop()
        elif base == "inline":
            kind = _CONTAINERS[around[-1]] if around else BlockKind.PARAGRAPH
            yield _Piece(level, kind, _plain(name, line, token), line)


def _plain(name: str, line: int, inline: Token) -> str:
    """The words of a block. Raises PolicyError if they are marked up, because chats differ in that."""
    children = inline.children or []
    for child in children:
        if child.type not in {"text", "softbreak", "text_special"}:
            raise PolicyError(name, line, f"plain words only, please: found {child.type.removesuffix('_open')}")
    return "".join(" " if child.type == "softbreak" else child.content for child in children)


def _blocks(pieces: list[_Piece]) -> tuple[Block, ...]:
    return tuple(Block(piece.kind, piece.words) for piece in pieces)


def _kinds(blocks: tuple[Block, ...]) -> list[BlockKind]:
    return [block.kind for block in blocks]
