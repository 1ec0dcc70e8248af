"""Reads a story: a YAML file with a title and steps, where everything is text and every step knows its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

Told = str | list["Told"] | dict[str, "Told"]
"""What stands behind the colon of a step: a sentence, a list, or several answers by name."""


class StoryError(Exception):
    """The story is not written in a way that can be played; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the dialogue: `words`, and what is `told` behind the colon."""

    line: int
    words: str
    told: Told | None = None

    def __str__(self) -> str:
        """As a person would read it aloud."""
        return self.words if self.told is None else f"{self.words}: {_aloud(self.told)}"


@dataclass(frozen=True, slots=True)
class Story:
    """A whole dialogue."""

    title: str
    is_set_up: bool
    """Whether the server has been set up before the first step."""
    steps: tuple[Step, ...]


def read_story(file: Path) -> Story:
    """Read a story. Raises StoryError."""
    words = file.read_text(encoding="utf-8")
    try:
        root = yaml.compose(words, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"{error.problem} (a sentence with a colon or # in it needs quotes)"
        raise StoryError(mark.line + 1 if mark else 1, reason) from error
    parts = {key.value: value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    if set(parts) - {"set up"} != {"title", "steps"} or not isinstance(parts["steps"], yaml.SequenceNode):
        raise StoryError(1, "a story has a title and steps, and may say `set up: no`; nothing else")
    lines = words.splitlines()
    set_up = _told(parts["set up"], lines) if "set up" in parts else "yes"
    if set_up not in {"yes", "no"}:
        raise StoryError(1, "`set up` is yes or no")
    steps = tuple(_step(node, lines) for node in parts["steps"].value)
    return Story(str(_told(parts["title"], lines)), set_up == "yes", steps)


def _step(node: yaml.Node, lines: list[str]) -> Step:
    line = node.start_mark.line + 1
    told = _told(node, lines)
    if isinstance(told, str):
        return Step(line, told)
    if isinstance(told, dict) and len(told) == 1:
        ((words, value),) = told.items()
        return Step(line, words, value)
    raise StoryError(line, "a step is one sentence, or one sentence with a colon and what follows")


def _told(node: yaml.Node, lines: list[str]) -> Told:
    line = node.start_mark.line + 1
    match node:
        case yaml.ScalarNode(value=str() as value):
            _require_whole(node, lines)
            return value
        case yaml.SequenceNode():
            return [_told(part, lines) for part in node.value]
        case yaml.MappingNode():
            pairs = {str(_told(name, lines)): _told(value, lines) for name, value in node.value}
            if len(pairs) < len(node.value):
                raise StoryError(line, "the same name stands twice")
            return pairs
        case _:
            raise StoryError(line, "sentences, lists and answers by name only")


def _require_whole(node: yaml.ScalarNode, lines: list[str]) -> None:
    """Refuse a sentence that YAML silently ends at ` #`, because less would be tested than stands there."""
    mark = node.end_mark
    if node.style is None and mark.line < len(lines) and lines[mark.line][mark.column :].lstrip().startswith("#"):
        raise StoryError(mark.line + 1, "a sentence with # in it needs quotes")


def _aloud(told: Told) -> str:
    match told:
        case str():
            return told
        case list():
            return "; ".join(_aloud(part) for part in told)
        case dict():
            return "; ".join(f"{name}: {_aloud(value)}" for name, value in told.items())
