"""Reads one category file of the policy, and says file, line and reason when it cannot.

Moderators who do not program edit these files, so each refusal names the line. YAML is read event by event rather
than with a loader: that keeps the line of every value, never builds objects, and makes deep nesting, aliases and
other traps harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from bot.model import Language, Ruling

LARGEST_FILE = 1_000_000
"""Bytes. Ten times the largest file that ships; more is a mistake, and is refused unread."""

_DEEPEST = 4
"""Levels of nesting; the form of the files needs three."""

Loc = tuple[int | str, ...]
"""Where a value stands: its keys from the outside in."""


class PolicyError(Exception):
    """A file of the policy cannot be used; the last good policy stays in force."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        """Keep what to tell: `line` counts from 1."""
        super().__init__(f"{file}, line {line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextsForm(_Form):
    """What a category file says in one language."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    clause: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    answer: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    phrases: str
    look_alikes: dict[str, str] = {}


class CategoryForm(_Form):
    """A whole category file."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    verdict: Ruling
    de: TextsForm
    en: TextsForm


AnyForm = TypeVar("AnyForm", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class CategoryFile:
    """A category file whose form is right, with the lines at which its values stand."""

    name: str
    form: CategoryForm
    lines: dict[Loc, int]

    def error(self, loc: Loc, reason: str, offset: int = 0) -> PolicyError:
        """A refusal that points to the value at `loc`, `offset` lines further down."""
        return PolicyError(self.name, _line(self.lines, loc) + offset, reason)

    def phrases(self, *loc: str) -> dict[str, Loc]:
        """The phrases in the block at `loc`, each with where it stands (its line is registered, too).

        Raises PolicyError for a phrase that is there twice.
        """
        value: Any = self.form
        for key in loc:
            value = value[key] if isinstance(value, dict) else getattr(value, key)
        found: dict[str, Loc] = {}
        for offset, line in enumerate(str(value).split("\n"), start=1):
            phrase = line.strip()
            if phrase in found:
                raise self.error(loc, f'the phrase "{phrase}" is there twice', offset)
            if phrase:
                found[phrase] = (*loc, offset)
                self.lines[*loc, offset] = _line(self.lines, loc) + offset
        return found


def read_bytes(path: Path) -> bytes:
    """What a policy file holds. Raises PolicyError if it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise PolicyError(path.name, 1, "the file is missing") from error
    except OSError as error:
        raise PolicyError(path.name, 1, f"the file cannot be read: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise PolicyError(path.name, 1, f"the file is larger than {LARGEST_FILE:,} bytes")
    return data


def read_text(path: Path) -> str:
    """The text of a policy file. Raises PolicyError if it cannot be read, is too large or not UTF-8."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError(path.name, line, "not UTF-8; please save the file with this encoding") from error


def read_category_file(path: Path) -> CategoryFile:
    """Read a category file and check its form. Raises PolicyError."""
    form, lines = parse_form(path.name, read_text(path), CategoryForm)
    return CategoryFile(path.name, form, lines)


def parse_form(name: str, text: str, form: type[AnyForm]) -> tuple[AnyForm, dict[Loc, int]]:
    """Understand a file's YAML as this form; also the lines of its values. `name` is told in the PolicyError."""
    lines: dict[Loc, int] = {(): 1}
    try:
        data = _Reader(name, text, lines).mapping()
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        raise PolicyError(name, mark.line + 1 if mark else 1, f"not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise PolicyError(name, 1, f"not YAML: {error}") from error
    try:
        return form.model_validate(data), lines
    except ValidationError as error:
        # a misspelt key is unknown and the right one missing: the unknown one says more
        first = min(error.errors(), key=lambda one: (one["type"] != "extra_forbidden", _line(lines, one["loc"])))
        raise PolicyError(name, _line(lines, first["loc"]), _reason(first)) from error


class _Reader:
    """Turns YAML events into nested dicts of text, and notes in `lines` where each value stands."""

    def __init__(self, name: str, text: str, lines: dict[Loc, int]) -> None:
        self._name = name
        self._lines = lines
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))

    def mapping(self) -> dict[str, Any]:
        """The file's one document, which has to be a mapping."""
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if not isinstance(event, yaml.MappingStartEvent):
            raise self._error(event, "the file must consist of lines such as `id: defect`")
        data = self._entries(())
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise self._error(event, "a file holds one category; remove the line ---")
        return data

    def _entries(self, loc: Loc) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error(event, "a key must be a plain word")
            key = event.value
            if key in data:
                raise self._error(event, f'the key "{key}" is there twice')
            self._lines[*loc, key] = _event_line(event)
            data[key] = self._value((*loc, key))
        return data

    def _value(self, loc: Loc) -> Any:
        event = self._next()
        if isinstance(event, yaml.MappingStartEvent) and len(loc) < _DEEPEST:
            return self._entries(loc)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(event, f'"{loc[-1]}" must be text, or a block of lines after |')
        if event.style == ">":
            raise self._error(event, f'"{loc[-1]}" must begin with | instead of >, to keep its lines apart')
        return event.value

    def _next(self) -> Any:
        event = next(self._events)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._error(event, "aliases and anchors (* and &) are not allowed")
        return event

    def _error(self, event: Any, reason: str) -> PolicyError:
        return PolicyError(self._name, _event_line(event), reason)


def _event_line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _line(lines: dict[Loc, int], loc: Loc) -> int:
    """The line of the value at `loc`, or of the nearest thing around it that is there."""
    while loc not in lines:
        loc = loc[:-1]
    return lines[loc]


def _reason(error: ErrorDetails) -> str:
    """Pydantic's finding in a moderator's words."""
    key = str(error["loc"][-1])
    match error["type"]:
        case "missing":
            return f'"{key}" is missing'
        case "extra_forbidden":
            return f'unknown key "{key}"'
        case "enum":
            known = ", ".join(Ruling)
            return f'{key} must be one of {known}, not "{error["input"]}"'
        case "string_too_short":
            return f"{key} is empty"
        case "string_pattern_mismatch":
            return f'{key} must be of small letters, digits and _, not "{error["input"]}"'
        case "string_type":
            return f"{key} must be text"
        case _ if key in set(Language) | {"look_alikes"}:
            return f"{key} must have lines of its own below it"
        case _:
            return f"{key}: {error['msg']}"
