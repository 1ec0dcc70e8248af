"""The whole policy as one readable file, to be changed in any editor and brought back.

It is the category files one after the other, divided by lines of `---`, and last the document. What the file leaves
out stays as it is, so that a part of it can be brought back, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from bot.coverage.changes import (
    CategoryChange,
    PolicyChange,
    difference,
    own_documents,
    require_alike,
    taking_over,
    with_all_on,
)
from bot.coverage.policy import (
    Category,
    CategoryTexts,
    Policy,
    PolicyError,
    read_category,
    require_distinct_ids,
    require_distinct_phrases,
)
from bot.coverage.policy_file import CategoryFile, CategoryForm, parse_form
from bot.model import Language

_MOST_PARTS = 200
_SHORT = 40
"""Characters, of titles and ids."""
_DIVIDER = re.compile(r"^---[ \t]*\n", re.MULTILINE)
_DOCUMENT = re.compile(r"\s*(#.*\n\s*)*document\s*:")


class _ExchangedForm(CategoryForm):
    switched_off: bool = False


class _DocumentsForm(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    document: dict[Language, str]


def exported(shipped: Policy, change: PolicyChange) -> str:
    """A server's whole policy, also what is switched off."""
    policy = with_all_on(shipped, change)
    off = {id_ for id_, one in change.categories.items() if one.is_off}
    parts: list[dict[str, Any]] = [_category(one, is_off=one.id in off) for one in policy.categories.values()]
    parts.append({"document": {language.value: one.source for language, one in policy.documents.items()}})
    return "---\n".join(
        yaml.dump(part, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6) for part in parts
    )


def _category(category: Category, *, is_off: bool) -> dict[str, Any]:
    texts = {language.value: _texts(one) for language, one in category.texts.items()}
    return {"id": category.id, "verdict": category.ruling.value, **({"switched_off": True} if is_off else {}), **texts}


def _texts(texts: CategoryTexts) -> dict[str, Any]:
    words = {"title": texts.title, "clause": texts.clause, "answer": texts.answer}
    look_alikes = {owner: "\n".join(phrases) + "\n" for owner, phrases in texts.look_alikes.items()}
    phrases = {"phrases": "\n".join(texts.phrases) + "\n"}
    return words | phrases | ({"look_alikes": look_alikes} if look_alikes else {})


class _Dumper(yaml.SafeDumper):
    """Writes longer texts as blocks, which one can edit without knowing when YAML needs quotation marks."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if len(text) > _SHORT or "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """What stands in a file, understood but not yet compared with any policy."""

    categories: Sequence[CategoryFile]
    off: frozenset[str]
    """Ids of those that are switched off."""
    documents: Mapping[Language, str]
    first_lines: Mapping[Language, int]
    """How many lines stand before each document."""
    name: str


def read_file(name: str, text: str) -> PolicyFile:
    """Understand a file. Raises PolicyError, with its line, on the first mistake. Takes up to a second."""
    files: list[CategoryFile] = []
    off: set[str] = set()
    documents: dict[Language, str] = {}
    first_lines: dict[Language, int] = {}
    parts = _parts(text)
    if len(parts) > _MOST_PARTS:
        raise PolicyError(name, 1, f"more than {_MOST_PARTS} categories")
    for part, first in parts:
        try:
            if _DOCUMENT.match(part):
                form, lines = parse_form(name, part, _DocumentsForm)
                documents |= form.document
                first_lines |= {one: first + lines["document", one.value] for one in form.document}
            else:
                files.append(_category_file(name, part, first))
                off |= {files[-1].form.id} if _is_off(files[-1]) else set()
        except PolicyError as error:
            raise PolicyError(name, error.line + first, error.reason) from error
    if not files and not documents:
        raise PolicyError(name, 1, "there is no category in this file: begin with a file from /policy export")
    require_distinct_ids(files)
    require_distinct_phrases(files)
    return PolicyFile(files, frozenset(off), documents, first_lines, name)


def _category_file(name: str, part: str, first: int) -> CategoryFile:
    form, lines = parse_form(name, part, _ExchangedForm)
    for texts in (form.de, form.en):
        if len(texts.look_alikes) > _MOST_PARTS:
            raise PolicyError(name, 1, f"more than {_MOST_PARTS} groups of look_alikes")
        if any(line.lstrip().startswith("- ") for line in texts.phrases.splitlines()):
            raise PolicyError(name, 1, 'a phrase cannot begin with "- ", because in the form that takes a phrase out')
    return CategoryFile(name, form, {loc: line + first for loc, line in lines.items()})


def _is_off(file: CategoryFile) -> bool:
    return isinstance(file.form, _ExchangedForm) and file.form.switched_off


def imported(file: PolicyFile, shipped: Policy, now: PolicyChange) -> PolicyChange:
    """What a file changes beside what is changed already. Raises PolicyError."""
    known = {*shipped.categories, *now.categories, *(one.form.id for one in file.categories)}
    change = PolicyChange(documents=_documents(file.documents, shipped))
    try:
        require_alike(own_documents(shipped, now | change))
    except PolicyError as error:
        language = Language.EN if ".en." in error.file else Language.DE
        raise PolicyError(file.name, file.first_lines.get(language, 0) + error.line, error.reason) from error
    for one in file.categories:
        category = read_category(one, known)
        made = difference(shipped.categories.get(category.id), category)
        change |= taking_over(now | change, category.id, replace(made, is_off=category.id in file.off))
    return _only_news(change, now)


def _parts(text: str) -> list[tuple[str, int]]:
    """The parts between the dividers, each with the number of lines before it."""
    parts, before = [], 0
    for part in _DIVIDER.split(text.replace("\r\n", "\n").removeprefix("\ufeff")):
        if any(line.strip() and not line.lstrip().startswith("#") for line in part.split("\n")):
            parts.append((part, before))
        before += part.count("\n") + 1
    return parts


def _documents(documents: Mapping[Language, str], shipped: Policy) -> dict[Language, str]:
    """The documents that differ from the shipped ones; empty text for one that does not."""
    same = {one for one, text in documents.items() if text.strip() == shipped.documents[one].source.strip()}
    return {one: "" if one in same else text for one, text in documents.items()}


def _only_news(change: PolicyChange, now: PolicyChange) -> PolicyChange:
    """The change without what is like that already."""
    categories = {
        id_: one for id_, one in change.categories.items() if one != now.categories.get(id_, CategoryChange())
    }
    documents = {one: text for one, text in change.documents.items() if text != now.documents.get(one, "")}
    return PolicyChange(categories, documents)
