"""The support policy as data: what is covered, in which words, and how customers ask for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.coverage.document import Document, read_document, require_same_shape
from bot.coverage.policy_file import CategoryFile, PolicyError, TextsForm, read_bytes, read_category_file
from bot.model import QUIET, Language, Ruling

__all__ = ["Category", "CategoryTexts", "Document", "Policy", "PolicyError", "address", "load_policy"]

FEWEST_PHRASES = 3
"""A category with fewer phrases in a language could not be recognised in it."""

ANSWER_TIME = "{answer_time}"
"""Stands in clauses, answers and documents for the time within which a server promises an answer."""

_KNOWN_BRACKETS = f"square brackets and | only as in [Schreiben Sie|Schreib], curly ones only as {ANSWER_TIME}"
_NO_BRACKETS = "no brackets and no | in a title or heading"
_FORMS_OF_ADDRESS = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")


def address(text: str, *, formal: bool) -> str:
    """Choose between the forms of `[Sie-form|du-form]` in a text of the policy."""
    return _FORMS_OF_ADDRESS.sub(r"\1" if formal else r"\2", text)


def has_stray_brackets(text: str) -> bool:
    """Whether a text of the policy has brackets that are neither `[Sie-form|du-form]` nor `{answer_time}`."""
    return has_brackets(_FORMS_OF_ADDRESS.sub(r"\1\2", text.replace(ANSWER_TIME, "")))


def has_brackets(title: str) -> bool:
    """Whether a title or heading, which is shown as it stands, has any of these brackets."""
    return not set("[]|{}").isdisjoint(title)


@dataclass(frozen=True, slots=True)
class CategoryTexts:
    """What a category says in one language.

    `clause` and `answer` may hold `[Sie-form|du-form]` (see `address`) and `{answer_time}` (see `ANSWER_TIME`).
    """

    title: str
    clause: str
    """The sentence of the policy that is quoted; empty where the policy says nothing."""
    answer: str
    """What the bot says besides the quotation; empty for small talk."""
    phrases: tuple[str, ...]
    """How customers write about it."""
    look_alikes: Mapping[str, tuple[str, ...]]
    """Phrases that resemble this category but belong to another: that one's id -> phrases."""


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of request, and what the policy says about it."""

    id: str
    ruling: Ruling
    texts: Mapping[Language, CategoryTexts]


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole support policy of a seller."""

    categories: Mapping[str, Category]
    documents: Mapping[Language, Document]
    version: str
    """Short hash of all its files; another text is another version."""


def load_policy(folder: Path) -> Policy:
    """Read `categories/*.yaml` and `policy.<language>.md` in `folder`. Raises PolicyError on the first mistake."""
    # names that begin with a dot are hidden files, in which editors keep their own things
    paths = sorted((folder / "categories").glob("[!.]*.yaml"))
    if not paths:
        raise PolicyError("categories", 1, "there is no category file (*.yaml)")
    files = [read_category_file(path) for path in paths]
    require_distinct_ids(files)
    require_distinct_phrases(files)
    categories = {file.form.id: read_category(file, {other.form.id for other in files}) for file in files}
    document_paths = {language: folder / f"policy.{language}.md" for language in Language}
    return Policy(categories, _documents(document_paths), _version([*paths, *document_paths.values()]))


def read_category(file: CategoryFile, known: set[str]) -> Category:
    """The category of a file; `known` are the ids that its look-alikes may name. Raises PolicyError."""
    texts = {
        Language.DE: _texts(file, Language.DE, file.form.de, known),
        Language.EN: _texts(file, Language.EN, file.form.en, known),
    }
    return Category(file.form.id, file.form.verdict, texts)


def _texts(file: CategoryFile, language: Language, form: TextsForm, known: set[str]) -> CategoryTexts:
    ruling = file.form.verdict
    if not form.clause and ruling not in QUIET:
        raise file.error((language, "clause"), "clause is missing or empty")
    if not form.answer and ruling is not Ruling.SILENCE:
        raise file.error((language, "answer"), "answer is missing or empty")
    if has_brackets(form.title):
        raise file.error((language, "title"), _NO_BRACKETS)
    for key, text in (("clause", form.clause), ("answer", form.answer)):
        if has_stray_brackets(text):
            raise file.error((language, key), f"{key}: {_KNOWN_BRACKETS}")
    for other in form.look_alikes:
        if other not in known or other == file.form.id:
            reason = f'look_alikes must be grouped by another category\'s id, not "{other}"'
            raise file.error((language, "look_alikes", other), reason)
    phrases = tuple(file.phrases(language, "phrases"))
    if len(phrases) < FEWEST_PHRASES:
        reason = f"{len(phrases)} phrases are too few; write at least {FEWEST_PHRASES}"
        raise file.error((language, "phrases"), reason)
    look_alikes = {other: tuple(file.phrases(language, "look_alikes", other)) for other in form.look_alikes}
    return CategoryTexts(form.title, form.clause, form.answer, phrases, look_alikes)


def require_distinct_ids(files: Sequence[CategoryFile]) -> None:
    """Raise PolicyError if two files are about the same category."""
    seen: dict[str, CategoryFile] = {}
    for file in files:
        first = seen.setdefault(file.form.id, file)
        if first is not file:
            raise file.error(("id",), f'the id "{file.form.id}" is already used by {first.name}')


def require_distinct_phrases(files: Sequence[CategoryFile]) -> None:
    """Raise PolicyError if a phrase stands in two categories, which would make both guesses.

    A look-alike counts for the category that it belongs to.
    """
    seen: dict[str, tuple[str, str]] = {}
    for file in files:
        for language, form in ((Language.DE, file.form.de), (Language.EN, file.form.en)):
            owners: list[tuple[str, tuple[str, ...]]] = [(file.form.id, (language, "phrases"))]
            owners += [(other, (language, "look_alikes", other)) for other in form.look_alikes]
            for owner, loc in owners:
                for phrase, place in file.phrases(*loc).items():
                    first, first_file = seen.setdefault(phrase.casefold(), (owner, file.name))
                    if first != owner:
                        reason = f'the phrase "{phrase}" stands for {owner} here, but for {first} in {first_file}'
                        raise file.error(place, reason)


def _documents(paths: Mapping[Language, Path]) -> dict[Language, Document]:
    documents = {}
    for language, path in paths.items():
        documents[language] = read_document(path)
        require_known_brackets(path.name, documents[language])
    german = documents[Language.DE]
    for language, document in documents.items():
        require_same_shape(paths[language].name, document, paths[Language.DE].name, german)
    return documents


def require_known_brackets(file: str, document: Document) -> None:
    """Raise PolicyError for brackets in a document that stand for nothing."""
    parts = [(1, document.title, document.intro), *((one.line, one.heading, one.blocks) for one in document.sections)]
    for line, heading, blocks in parts:
        if has_brackets(heading):
            raise PolicyError(file, line, _NO_BRACKETS)
        if any(has_stray_brackets(str(block.words)) for block in blocks):
            raise PolicyError(file, line, _KNOWN_BRACKETS)


def _version(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = read_bytes(path)
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
