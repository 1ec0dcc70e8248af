"""What a server's moderators have changed in the policy.

Kept as the difference to the shipped policy, not as a copy of it: small to store, and whoever has added three phrases
still gets the shipped policy's next improvements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain

from bot.coverage.document import Document, parse_document, require_same_shape
from bot.coverage.policy import Category, CategoryTexts, Policy, PolicyError, require_known_brackets
from bot.model import Language, Ruling

LONGEST_DOCUMENT = 20_000
"""Characters of the policy as people read it; ten times the shipped one."""

Lines = Mapping[str, tuple[str, ...]]
"""Phrases by the category that they stand for: a category's own id for its phrases, others for its look-alikes."""


@dataclass(frozen=True, slots=True)
class TextsChange:
    """What is different in one language of a category; None is as shipped."""

    title: str | None = None
    clause: str | None = None
    answer: str | None = None
    added: Lines = field(default_factory=dict)
    removed: Lines = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CategoryChange:
    """What is different in a category. With nothing in it, the category is as shipped."""

    ruling: Ruling | None = None
    is_off: bool = False
    """Switched off: no message is matched to it, and it is as if its phrases were not there."""
    texts: Mapping[Language, TextsChange] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What is different in a policy: all of it, or what one version changed."""

    categories: Mapping[str, CategoryChange] = field(default_factory=dict)
    """By id. A category that is not here is as it was before."""
    documents: Mapping[Language, str] = field(default_factory=dict)
    """The policy as people read it, as Markdown; empty text is as shipped."""

    def __or__(self, later: PolicyChange) -> PolicyChange:
        """Both, one after the other."""
        return PolicyChange({**self.categories, **later.categories}, {**self.documents, **later.documents})

    def before(self, earlier: PolicyChange) -> PolicyChange:
        """What undoes this change, when `earlier` was in force before it."""
        return PolicyChange(
            {id_: earlier.categories.get(id_, CategoryChange()) for id_ in self.categories},
            {language: earlier.documents.get(language, "") for language in self.documents},
        )


def lines_of(id_: str, texts: CategoryTexts) -> dict[str, tuple[str, ...]]:
    """A category's phrases and look-alikes by what they stand for."""
    return {id_: texts.phrases, **texts.look_alikes}


def difference(shipped: Category | None, edited: Category) -> CategoryChange:
    """What makes `edited` of the shipped category, or all of it where none is shipped."""
    if shipped is None:
        return CategoryChange(edited.ruling, texts={one: _all_of(edited.id, edited.texts[one]) for one in Language})
    changes = {one: _texts_difference(edited.id, shipped.texts[one], edited.texts[one]) for one in Language}
    return CategoryChange(
        None if edited.ruling is shipped.ruling else edited.ruling,
        texts={language: change for language, change in changes.items() if change != TextsChange()},
    )


def _all_of(id_: str, texts: CategoryTexts) -> TextsChange:
    return TextsChange(texts.title, texts.clause, texts.answer, lines_of(id_, texts))


def _texts_difference(id_: str, shipped: CategoryTexts, edited: CategoryTexts) -> TextsChange:
    before, after = lines_of(id_, shipped), lines_of(id_, edited)
    return TextsChange(
        None if edited.title == shipped.title else edited.title,
        None if edited.clause == shipped.clause else edited.clause,
        None if edited.answer == shipped.answer else edited.answer,
        _without(after, before),
        _without(before, after),
    )


def _without(lines: Lines, others: Lines) -> dict[str, tuple[str, ...]]:
    rest = {id_: tuple(dict.fromkeys(p for p in lines[id_] if p not in set(others.get(id_, ())))) for id_ in lines}
    return {id_: phrases for id_, phrases in rest.items() if phrases}


def changed(shipped: Policy, change: PolicyChange, number: int) -> Policy:
    """The policy of a server that has reached version `number`.

    Never raises, because the shipped policy may have become another one since: what fits no longer is left out. What
    a moderator is about to change is checked before, by `require_sound`.
    """
    if not change.categories and not change.documents:
        return shipped
    made = {id_: _changed_category(id_, shipped.categories.get(id_), one) for id_, one in change.categories.items()}
    kept = {id_: category for id_, category in {**shipped.categories, **made}.items() if category is not None}
    distinct = _distinct(kept, change)
    return Policy(distinct, changed_documents(shipped, change), f"{shipped.version}.{number}")


def _changed_category(id_: str, shipped: Category | None, change: CategoryChange) -> Category | None:
    """The category, or None if it is switched off or (nothing of the kind is shipped any more) not whole."""
    ruling = change.ruling or (shipped.ruling if shipped else None)
    if change.is_off or ruling is None:
        return None
    texts = {}
    for language in Language:
        made = _changed_texts(id_, shipped.texts[language] if shipped else None, change.texts.get(language))
        if made is None:
            return None
        texts[language] = made
    return Category(id_, ruling, texts)


_NOTHING = CategoryTexts("", "", "", (), {})


def _changed_texts(id_: str, shipped: CategoryTexts | None, change: TextsChange | None) -> CategoryTexts | None:
    if change is None:
        return shipped
    if shipped is None and (change.title is None or not change.added.get(id_)):
        return None
    base = shipped or _NOTHING
    lines = dict(_without(lines_of(id_, base), change.removed))
    for owner, phrases in change.added.items():
        lines[owner] = tuple(dict.fromkeys((*lines.get(owner, ()), *phrases)))
    return CategoryTexts(
        base.title if change.title is None else change.title,
        base.clause if change.clause is None else change.clause,
        base.answer if change.answer is None else change.answer,
        lines.pop(id_, ()),
        lines,
    )


def _distinct(categories: Mapping[str, Category], change: PolicyChange) -> dict[str, Category]:
    """Each phrase stands for one category only: what the server has added goes before what is shipped."""
    owners: dict[str, str] = {}
    for id_ in categories:
        for owner, phrase in _added(change.categories.get(id_, CategoryChange())):
            owners.setdefault(phrase.casefold(), owner)
    result = {}
    for id_, category in categories.items():
        texts = {language: _own_only(id_, one, owners, set(categories)) for language, one in category.texts.items()}
        result[id_] = replace(category, texts=texts) if texts != category.texts else category
    return result


def _added(change: CategoryChange) -> Iterator[tuple[str, str]]:
    for texts in change.texts.values():
        for owner, phrases in texts.added.items():
            for phrase in phrases:
                yield owner, phrase


def taking_over(whole: PolicyChange, id_: str, change: CategoryChange) -> PolicyChange:
    """The change of one category, and of those to which phrases were added before that are to stand for it now."""
    owners = {phrase.casefold(): owner for owner, phrase in _added(change)}
    others = {other: _giving_up(one, owners) for other, one in whole.categories.items() if other != id_}
    touched = {other: one for other, one in others.items() if one != whole.categories[other]}
    return PolicyChange({id_: change, **touched})


def _giving_up(change: CategoryChange, owners: Mapping[str, str]) -> CategoryChange:
    texts = {}
    for language, one in change.texts.items():
        kept = {owner: _kept(owner, phrases, owners) for owner, phrases in one.added.items()}
        texts[language] = replace(one, added={owner: phrases for owner, phrases in kept.items() if phrases})
    return replace(change, texts=texts)


def _kept(owner: str, phrases: tuple[str, ...], owners: Mapping[str, str]) -> tuple[str, ...]:
    """The phrases that do not stand for another category."""
    return tuple(phrase for phrase in phrases if owners.get(phrase.casefold(), owner) == owner)


def _own_only(id_: str, texts: CategoryTexts, owners: dict[str, str], known: set[str]) -> CategoryTexts:
    """The texts without phrases that stand for another category, and without look-alikes of none."""
    lines = {owner: _kept(owner, phrases, owners) for owner, phrases in lines_of(id_, texts).items() if owner in known}
    if lines == lines_of(id_, texts):
        return texts
    return replace(texts, phrases=lines.pop(id_), look_alikes={owner: some for owner, some in lines.items() if some})


def changed_documents(shipped: Policy, change: PolicyChange) -> dict[Language, Document]:
    """The server's documents where both can be read and are alike, else the shipped ones."""
    try:
        documents = own_documents(shipped, change)
        require_alike(documents)
    except PolicyError:
        return dict(shipped.documents)
    return documents


def own_documents(shipped: Policy, change: PolicyChange) -> dict[Language, Document]:
    """The documents that the server has written, else the shipped ones. Raises PolicyError."""
    documents = dict(shipped.documents)
    for language, source in change.documents.items():
        if source:
            documents[language] = _parsed(f"policy.{language}.md", source)
    return documents


@lru_cache(maxsize=64)
def _parsed(name: str, source: str) -> Document:
    """Documents are needed often, and understanding one takes its time."""
    if len(source) > LONGEST_DOCUMENT:
        raise PolicyError(name, 1, f"the document is longer than {LONGEST_DOCUMENT:,} characters")
    document = parse_document(name, source)
    require_known_brackets(name, document)
    return document


def with_all_on(shipped: Policy, change: PolicyChange) -> Policy:
    """The server's policy with nothing switched off: for names, and for the file."""
    on = {id_: replace(one, is_off=False) for id_, one in change.categories.items()}
    return changed(shipped, PolicyChange(on, change.documents), 0)


def touched(old: Policy, new: Policy) -> list[str]:
    """The categories that differ, also those that lost a phrase to another one."""
    return [id_ for id_ in {**new.categories, **old.categories} if old.categories.get(id_) != new.categories.get(id_)]


def unwritten(shipped: Policy, change: PolicyChange) -> list[tuple[str, Language]]:
    """The new categories, and the languages, for which nobody has written phrases yet."""
    own = {id_: one for id_, one in change.categories.items() if id_ not in shipped.categories and not one.is_off}
    return [
        (id_, language)
        for id_, one in own.items()
        for language in Language
        if not one.texts.get(language, TextsChange()).added.get(id_)
    ]


def require_alike(documents: Mapping[Language, Document]) -> None:
    """Raise PolicyError unless the document has the same sections and blocks in both languages."""
    german, english = documents[Language.DE], documents[Language.EN]
    require_same_shape("policy.en.md", english, "policy.de.md", german)


def phrase_count(policy: Policy) -> int:
    """All phrases and look-alikes of a policy, in both languages."""
    texts = chain.from_iterable(category.texts.values() for category in policy.categories.values())
    return sum(len(one.phrases) + sum(map(len, one.look_alikes.values())) for one in texts)
