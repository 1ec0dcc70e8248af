"""Changing the policy by forms: a category's words and phrases, a new category, one switched off, the document."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import chain, count

from rapidfuzz import process

from bot.coverage.changes import CategoryChange, PolicyChange, TextsChange, lines_of, taking_over, with_all_on
from bot.coverage.normalise import words as normal_words
from bot.coverage.policy import CategoryTexts
from bot.desk.policy.document import document_button
from bot.desk.policy.drafts import Standing, Work, propose, standing, title_in, work_on
from bot.desk.policy.effects import names_of
from bot.desk.policy.naming import meant, name_and_languages
from bot.desk.scene import Answer, Scene
from bot.model import Button, ButtonStyle, Field, FieldKind, Language, Refusal, Reply, Ruling, Text, Value
from bot.rules.limits import TEXT_LIMIT, title
from bot.rules.permissions import require_moderator
from bot.store.database import Transaction
from bot.store.policy_queries import Draft, drafts_of
from bot.texts import heading, note, paragraph, text

_MOST_DRAFTS = 3
_MOST_BUTTONS = 19
"""Categories to choose from by a button; Discord takes 25 buttons in all."""
_CLAUSE, _ANSWER, _TITLE = 1_000, 2_000, 80
"""Characters."""
_LISTED = 1_000
"""Characters of all names together."""
_SHORT = 30
"""Characters of a title in the title of a form, of which Discord shows 45."""
_DOCUMENT = {"document", "dokument", "text", "policy", "richtlinie", "text der richtlinie", "the policy's text"}
"""How people name the policy as a whole."""
_RULINGS = tuple((ruling.value, text(f"ruling-{ruling}")) for ruling in Ruling)
_TAKEN_OUT = "- "
"""How a line of a form begins that takes a shipped phrase out."""


async def edit(tx: Transaction, scene: Scene, words: str) -> Reply:
    """`/policy edit [category] [language]`: a form, or buttons to choose the category by."""
    work = await work_on(tx, scene, "")
    name, asked = name_and_languages(words)
    language = asked[0] if len(asked) == 1 else scene.language  # a form has room for one
    if not name:
        return await _choice(tx, scene, work.now, language)
    if name.casefold() in _DOCUMENT:
        return await document_button(tx, scene, f"{language}:")
    return _category_form(scene, work, find_category(scene, work.whole, name), language)


async def _choice(tx: Transaction, scene: Scene, now: Standing, language: Language) -> Reply:
    """What can be edited, what was left lying, and what is switched off; each with a button."""
    buttons = [
        Button(
            f"policy-draft:{draft.id}", text("button-draft", title=_draft_title(scene, now, draft)), ButtonStyle.PRIMARY
        )
        for draft in await drafts_of(tx, scene.server, scene.person.id, _MOST_DRAFTS)
    ]
    known = now.policy.categories.values()
    buttons += [
        Button(f"policy-edit:{one.id}:{language}:", text("button-category", title=one.texts[language].title))
        for one in list(known)[:_MOST_BUTTONS]
    ]
    buttons.append(Button(f"policy-document:{language}:", text("button-document")))
    other = next(one for one in Language if one is not language)
    buttons.append(Button(f"policy-choose:{other}", text(f"language-{other}")))
    blocks = [heading(text("edit-heading")), paragraph(text("edit-choose", language=text(f"language-{language}")))]
    off = names_of(PolicyChange(_off(now.change)), with_all_on(scene.shipped.policy, now.change), scene.language)
    if off:
        blocks.append(note(text("edit-off", names=title(", ".join(off), _LISTED))))
    if len(known) > _MOST_BUTTONS:
        blocks.append(note(text("edit-more", more=len(known) - _MOST_BUTTONS)))
    return scene.reply(*blocks, buttons=tuple(buttons))


async def choose_button(tx: Transaction, scene: Scene, code: str) -> Reply:
    """[German], [English]: the same choice for the other language."""
    require_moderator(scene.person, scene.settings)
    if code not in set(Language):
        raise Refusal("refused-old-button")
    return await _choice(tx, scene, await standing(tx, scene), Language(code))


def _draft_title(scene: Scene, now: Standing, draft: Draft) -> str:
    whole = now.change | draft.change
    policy = with_all_on(scene.shipped.policy, whole)
    first = next(iter(draft.change.categories), "")
    named = title_in(whole, first, scene.language) if first and first not in policy.categories else ""
    return title(named or next(iter(names_of(draft.change, policy, scene.language)), "?"), 40)


def _off(change: PolicyChange) -> dict[str, CategoryChange]:
    return {id_: one for id_, one in change.categories.items() if one.is_off}


def find_category(scene: Scene, whole: PolicyChange, name: str, among: Collection[str] | None = None) -> str:
    """The id of the category that was meant, by its id or its title in either language. Refuses an unknown one."""
    policy = with_all_on(scene.shipped.policy, whole)
    known = {id_: one for id_, one in policy.categories.items() if among is None or id_ in among}
    if name.casefold() in known:
        return name.casefold()
    names = {(id_, ""): id_.replace("_", " ") for id_ in known}
    names |= {(one.id, language): one.texts[language].title for one in known.values() for language in Language}
    found = meant(name, names) if name else None
    if found is None:
        titles = title(", ".join(one.texts[scene.language].title for one in known.values()), _LISTED)
        raise Refusal(
            "refused-no-such-category" if name else "refused-which-category", words=title(name, 40), known=titles
        )
    return found[0]


async def edit_button(tx: Transaction, scene: Scene, action: str) -> Reply:
    """A category's button, or [German]/[English] under a draft: `policy-edit:<id>:<language>:<work>`."""
    id_, language, key = _parts(action)
    return _category_form(scene, await work_on(tx, scene, key), id_, language)


def _parts(action: str) -> tuple[str, Language, str]:
    found = re.fullmatch(r"([a-z][a-z0-9_]{0,39}):(de|en):(.*)", action)
    if found is None:
        raise Refusal("refused-old-button")
    return found[1], Language(found[2]), found[3]


def _category_form(scene: Scene, work: Work, id_: str, language: Language) -> Reply:
    change = work.whole.categories.get(id_, CategoryChange())
    shipped = scene.shipped.policy.categories.get(id_)
    ruling = change.ruling or (shipped.ruling if shipped else None)
    if ruling is None:
        raise Refusal("refused-old-button")
    own = change.texts.get(language, TextsChange())
    texts = shipped.texts[language] if shipped else CategoryTexts("", "", "", (), {})
    clause = texts.clause if own.clause is None else own.clause
    answer = texts.answer if own.answer is None else own.answer
    phrases, look_alikes = _as_lines(id_, own)
    if max(len(phrases), len(look_alikes)) > TEXT_LIMIT:
        raise Refusal("refused-too-long-for-form")
    told: dict[str, Value] = {"language": text(f"language-{language}"), "shipped": len(texts.phrases)}
    named = own.title or texts.title or id_
    fields = (
        Field("ruling", text("form-edit-ruling"), FieldKind.CHOICE, value=ruling, choices=_RULINGS),
        _long_field("clause", text("form-edit-clause"), clause, _CLAUSE),
        _long_field("answer", text("form-edit-answer"), answer, _ANSWER),
        _long_field("phrases", text("form-edit-phrases", **told), phrases),
        _long_field("look_alikes", text("form-edit-look-alikes"), look_alikes),
    )
    return scene.form(f"policy-edit:{id_}:{language}:{work.key}", "form-edit", *fields, title=title(named, _SHORT))


def _long_field(name: str, label: Text, value: str, limit: int = TEXT_LIMIT) -> Field:
    return Field(name, label, FieldKind.PARAGRAPH, required=False, limit=limit, value=value)


def _as_lines(id_: str, own: TextsChange) -> tuple[str, str]:
    """What the server has added and taken out, as the lines of a form: phrases, and look-alikes by category."""
    phrases = [*own.added.get(id_, ()), *(f"{_TAKEN_OUT}{phrase}" for phrase in own.removed.get(id_, ()))]
    look_alikes = [f"{owner}: {phrase}" for owner, some in own.added.items() if owner != id_ for phrase in some]
    look_alikes += [
        f"{_TAKEN_OUT}{owner}: {phrase}" for owner, some in own.removed.items() if owner != id_ for phrase in some
    ]
    return "\n".join(phrases), "\n".join(look_alikes)


async def edit_form(tx: Transaction, scene: Scene, action: str) -> Answer:
    """A category's form is filled in."""
    id_, language, key = _parts(action)
    work = await work_on(tx, scene, key)
    if id_ not in {*scene.shipped.policy.categories, *work.whole.categories}:
        raise Refusal("refused-old-button")
    ruling = _ruling(scene)
    shipped = scene.shipped.policy.categories.get(id_)
    before = work.whole.categories.get(id_, CategoryChange())
    texts = {**before.texts, language: _read_texts(scene, work.whole, id_, language)}
    edited = replace(
        before,
        ruling=None if shipped and ruling is shipped.ruling else ruling,
        texts={one: made for one, made in texts.items() if made != TextsChange()},
    )
    return await propose(tx, scene, work.now, work.drafted | taking_over(work.whole, id_, edited), "/policy edit", work)


def _ruling(scene: Scene) -> Ruling:
    """The verdict that was chosen in a form."""
    chosen = scene.values.get("ruling", "")
    if chosen not in set(Ruling):
        raise Refusal("refused-choice", field=text("form-edit-ruling"))
    return Ruling(chosen)


def _read_texts(scene: Scene, whole: PolicyChange, id_: str, language: Language) -> TextsChange:
    """What the form says about one language, as the difference to what is shipped."""
    shipped = scene.shipped.policy.categories.get(id_)
    texts = shipped.texts[language] if shipped else None
    before = whole.categories.get(id_, CategoryChange()).texts.get(language, TextsChange())
    there = lines_of(id_, texts) if texts else {}
    added: dict[str, list[str]] = {}
    removed: dict[str, list[str]] = {}
    lines = [(id_, *_marked(line)) for line in _lines(scene, "phrases")]
    lines += [_look_alike(scene, whole, line) for line in _lines(scene, "look_alikes")]
    for owner, is_taken_out, phrase in lines:
        is_shipped = phrase in there.get(owner, ())
        if is_taken_out and is_shipped:
            removed.setdefault(owner, []).append(phrase)
        elif is_taken_out:
            found = process.extractOne(phrase, there.get(owner, ()))
            raise Refusal(
                "refused-not-shipped",
                phrase=title(phrase, 60),
                nearest=title(str(found[0]) if there.get(owner) else "", 120),
            )
        elif not is_shipped:
            added.setdefault(owner, []).append(phrase)
    clause, answer = scene.values.get("clause", ""), scene.values.get("answer", "")
    return TextsChange(
        before.title,
        None if texts and clause == texts.clause.strip() else clause,
        None if texts and answer == texts.answer.strip() else answer,
        {owner: tuple(dict.fromkeys(phrases)) for owner, phrases in added.items()},
        {owner: tuple(dict.fromkeys(phrases)) for owner, phrases in removed.items()},
    )


def _lines(scene: Scene, field: str) -> list[str]:
    lines = (" ".join(line.split()) for line in scene.values.get(field, "").splitlines())
    return [line for line in lines if line]


def _marked(line: str) -> tuple[bool, str]:
    """Whether a line takes a phrase out ("- phrase"), and the phrase."""
    is_taken_out = line.startswith(_TAKEN_OUT)
    return is_taken_out, line.removeprefix(_TAKEN_OUT)


def _look_alike(scene: Scene, whole: PolicyChange, line: str) -> tuple[str, bool, str]:
    """A look-alike's line, `category: phrase`: the category, whether it is taken out, and the phrase."""
    is_taken_out, rest = _marked(line)
    name, _, phrase = rest.partition(":")
    if not phrase.strip():
        raise Refusal("refused-look-alike", words=title(line, 60))
    return find_category(scene, whole, name.strip()), is_taken_out, phrase.strip()


async def add(tx: Transaction, scene: Scene, words: str) -> Reply:
    """`/policy add [title]`: a new category begins with its titles and its verdict."""
    del tx
    require_moderator(scene.person, scene.settings)
    titles = _title_fields({scene.language: words[:_TITLE]})
    ruling = Field("ruling", text("form-edit-ruling"), FieldKind.CHOICE, value=Ruling.NOT_COVERED, choices=_RULINGS)
    return scene.form("policy-add", "form-add", *titles, ruling)


async def add_form(tx: Transaction, scene: Scene, _: str) -> Answer:
    """The titles and the verdict of a new category: the rest is written in the forms that follow."""
    require_moderator(scene.person, scene.settings)
    titles = _titles(scene)
    ruling = _ruling(scene)
    now = await standing(tx, scene)
    id_ = _free_id(titles[Language.EN], {*scene.shipped.policy.categories, *now.change.categories})
    texts = {language: TextsChange(named, "", "") for language, named in titles.items()}
    new = CategoryChange(ruling, texts=texts)
    return await propose(tx, scene, now, PolicyChange({id_: new}), "/policy add")


def _title_fields(values: Mapping[Language, str]) -> list[Field]:
    """A question for the title in each language, with what stands there already."""
    labels = {one: text("form-add-title", language=text(f"language-{one}")) for one in Language}
    return [Field(f"title_{one}", label, limit=_TITLE, value=values.get(one, "")) for one, label in labels.items()]


def _titles(scene: Scene) -> dict[Language, str]:
    titles = {language: title(scene.values.get(f"title_{language}", ""), _TITLE) for language in Language}
    for language, given in titles.items():
        if not given:
            raise Refusal("refused-field-missing", field=text("form-add-title", language=text(f"language-{language}")))
    return titles


def _free_id(name: str, taken: set[str]) -> str:
    """An id for a category of this title: small letters, digits and underscores."""
    base = re.sub(r"[^a-z0-9]+", "_", " ".join(normal_words(name))).strip("_")[:30] or "category"
    base = base if base[0].isalpha() else f"c_{base}"
    return next(id_ for id_ in chain([base], (f"{base}_{n}" for n in count(2))) if id_ not in taken)


async def rename(tx: Transaction, scene: Scene, words: str) -> Reply:
    """`/policy rename <category>`: a form with its titles."""
    require_moderator(scene.person, scene.settings)
    now = await standing(tx, scene)
    id_ = find_category(scene, now.change, words, now.policy.categories)
    titles = _title_fields({one: named.title for one, named in now.policy.categories[id_].texts.items()})
    return scene.form(f"policy-rename:{id_}", "form-rename", *titles)


async def rename_form(tx: Transaction, scene: Scene, id_: str) -> Answer:
    """New titles for a category."""
    require_moderator(scene.person, scene.settings)
    now = await standing(tx, scene)
    if id_ not in now.policy.categories:
        raise Refusal("refused-old-button")
    shipped = scene.shipped.policy.categories.get(id_)
    change = now.change.categories.get(id_, CategoryChange())
    texts = dict(change.texts)
    for language, named in _titles(scene).items():
        own = texts.get(language, TextsChange())
        texts[language] = replace(own, title=None if shipped and named == shipped.texts[language].title else named)
    kept = {language: one for language, one in texts.items() if one != TextsChange()}
    return await propose(tx, scene, now, PolicyChange({id_: replace(change, texts=kept)}), "/policy rename")


async def switch_off(tx: Transaction, scene: Scene, words: str) -> Answer:
    """`/policy off <category>`."""
    return await _switch(tx, scene, words, is_off=True)


async def switch_on(tx: Transaction, scene: Scene, words: str) -> Answer:
    """`/policy on <category>`."""
    return await _switch(tx, scene, words, is_off=False)


async def _switch(tx: Transaction, scene: Scene, words: str, *, is_off: bool) -> Answer:
    require_moderator(scene.person, scene.settings)
    now = await standing(tx, scene)
    off = _off(now.change)
    if not (off or is_off):
        raise Refusal("refused-nothing-off")
    id_ = find_category(scene, now.change, words)
    change = now.change.categories.get(id_, CategoryChange())
    if change.is_off is is_off:
        raise Refusal("refused-nothing-new")
    way = "off" if is_off else "on"
    return await propose(tx, scene, now, PolicyChange({id_: replace(change, is_off=is_off)}), f"/policy {way} {id_}")
