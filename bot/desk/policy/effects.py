"""What a change of the policy would do, told before it is done."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.coverage.changes import PolicyChange, lines_of, touched
from bot.coverage.matcher import Matcher
from bot.coverage.near_duplicates import near_duplicates
from bot.coverage.policy import Category, Policy
from bot.desk.scene import Scene
from bot.model import Action, Block, Language, Ruling, Text, Value, Verdict
from bot.rules.limits import title
from bot.texts import item, note, paragraph, text

_LISTED = 5
"""Near duplicates, changed verdicts and so on that are told one by one."""
_MOST_DIFFERENCES = 15
_FEW = 3
"""Categories of which is told how well their phrases are told apart; it takes half a second for a large one."""
_EXCERPT = 80
"""Characters of a phrase or message that is told."""


def effects_of(scene: Scene, change: PolicyChange, old: Policy, new: Policy, messages: Sequence[str]) -> list[Block]:
    """What is different, which phrases are too alike, which messages would be answered otherwise, what is confused."""
    matcher = scene.shipped.adapted(new)
    ids = sorted(touched(old, new), key=lambda id_: id_ not in change.categories)
    differences = list(_differences(scene.language, change, ids, scene.shipped.policy, old, new))
    blocks = [item(one) for one in differences[:_MOST_DIFFERENCES]]
    if len(differences) > _MOST_DIFFERENCES:
        blocks.append(note(text("effect-more", more=len(differences) - _MOST_DIFFERENCES)))
    blocks += _alike(scene.language, ids, old, new)
    blocks += _verdicts(scene, matcher, messages)
    blocks += [note(one) for one in _confusions(scene.language, matcher, ids)]
    if not change.documents and any(_says_otherwise(old.categories.get(id_), new.categories.get(id_)) for id_ in ids):
        blocks.append(note(text("effect-document-stays")))
    return blocks


def _says_otherwise(old: Category | None, new: Category | None) -> bool:
    """Whether what people read in the policy may no longer be true."""
    return old is None or new is None or old.ruling is not new.ruling


def names_of(change: PolicyChange, policy: Policy, language: Language) -> list[str]:
    """The titles of what a change touches; `policy` must have all on."""
    return [category_title(policy, id_, language) for id_ in change.categories] + [
        document.title for one, document in policy.documents.items() if one in change.documents
    ]


def category_title(policy: Policy, id_: str, language: Language) -> str:
    """The title of a category; the id of one that there is no more."""
    category = policy.categories.get(id_)
    return category.texts[language].title if category else id_


def _differences(
    language: Language, change: PolicyChange, ids: Sequence[str], shipped: Policy, old: Policy, new: Policy
) -> Iterator[Text]:
    for id_ in ids:
        before, after = old.categories.get(id_), new.categories.get(id_)
        name = category_title(new if after else old, id_, language)
        if after is None:
            yield text("effect-off", title=name)
        elif before is None and id_ in shipped.categories:
            yield text("effect-on", title=name)
        elif before is None:
            yield text("effect-new", title=name, ruling=text(f"ruling-{after.ruling}"))
        else:
            yield from _inside(name, before, after, new.categories)
    for one in change.documents:
        if old.documents[one] != new.documents[one]:
            yield text("effect-document", language=text(f"language-{one}"))


def _inside(name: str, before: Category, after: Category, known: Collection[str]) -> Iterator[Text]:
    """What is different in a category that was there before, but for look-alikes of what is switched off."""
    if before.ruling is not after.ruling:
        old, new = text(f"ruling-{before.ruling}"), text(f"ruling-{after.ruling}")
        yield text("effect-ruling", title=name, old=old, new=new)
    for language in Language:
        old_texts, new_texts = before.texts[language], after.texts[language]
        where: dict[str, Value] = {"title": name, "language": text(f"language-{language}")}
        for part in ("title", "clause", "answer"):
            if getattr(old_texts, part) != getattr(new_texts, part):
                yield text(f"effect-{part}", **where, words=title(getattr(new_texts, part), _EXCERPT))
        old_lines, new_lines = _phrases(before, language), _phrases(after, language)
        added = new_lines.keys() - old_lines.keys()
        removed = [line for line in old_lines.keys() - new_lines.keys() if line[0] in known]
        if added:
            yield text("effect-added", **where, count=len(added))
        if removed:
            yield text("effect-removed", **where, count=len(removed))


def _phrases(category: Category, language: Language) -> Mapping[tuple[str, str], None]:
    lines = lines_of(category.id, category.texts[language])
    return {(owner, phrase): None for owner, phrases in lines.items() for phrase in phrases}


def _alike(language: Language, ids: Sequence[str], old: Policy, new: Policy) -> list[Block]:
    """New phrases that are nearly those of another category: who writes so may get either answer."""
    added: dict[str, list[str]] = {}
    for id_ in new.categories.keys() & ids:
        for one in Language:
            before = _phrases(old.categories[id_], one) if id_ in old.categories else {}
            for owner, phrase in _phrases(new.categories[id_], one).keys() - before.keys():
                added.setdefault(owner, []).append(phrase)
    found = near_duplicates(new, added)
    told = [
        text(
            "effect-alike",
            phrase=title(pair.phrase, _EXCERPT),
            other=title(pair.other_phrase, _EXCERPT),
            title=category_title(new, pair.other, language),
        )
        for pair in found[:_LISTED]
    ]
    more = [text("effect-more", more=len(found) - _LISTED)] if len(found) > _LISTED else []
    return [note(one) for one in [*told, *more]]


def _verdicts(scene: Scene, matcher: Matcher, messages: Sequence[str]) -> list[Block]:
    """Which of the messages would be answered in another way."""
    changes = changed_verdicts(scene.matcher, matcher, messages)
    blocks = [paragraph(text("effect-verdicts", changed=len(changes), of=len(messages)))]
    for message, before, after in changes[:_LISTED]:
        old, new = (told_by(one, scene.language, by.policy) for one, by in ((before, scene.matcher), (after, matcher)))
        blocks.append(item(text("effect-verdict", words=title(message, _EXCERPT), old=old, new=new)))
    if len(changes) > _LISTED:
        blocks.append(note(text("effect-more", more=len(changes) - _LISTED)))
    return blocks


def changed_verdicts(old: Matcher, new: Matcher, messages: Sequence[str]) -> list[tuple[str, Verdict, Verdict]]:
    """The messages of which customers would get to see something else, with both verdicts."""
    judged = ((message, old.match(message), new.match(message)) for message in messages)
    return [(message, before, after) for message, before, after in judged if _outcome(before) != _outcome(after)]


def _outcome(verdict: Verdict) -> tuple[Action, str | None, Ruling | None]:
    """What a customer gets to see of a verdict."""
    if verdict.action is not Action.ANSWER:
        return verdict.action, None, None
    return verdict.action, verdict.category, verdict.ruling


def told_by(verdict: Verdict, language: Language, policy: Policy) -> Text:
    """What a customer gets to see of a verdict, in a few words."""
    if verdict.action is not Action.ANSWER or verdict.category is None:
        return text(f"outcome-{verdict.action}")
    name = category_title(policy, verdict.category, language)
    return text("outcome-answer", ruling=text(f"ruling-{verdict.ruling}"), title=name)


def _confusions(language: Language, matcher: Matcher, ids: Sequence[str]) -> Iterator[Text]:
    """For each touched category: how many of its phrases would be recognised if they were not in the policy."""
    known_ids = [id_ for id_ in ids if id_ in matcher.policy.categories][:_FEW]
    for id_, told in matcher.confusions(known_ids).items():
        known, total = told[id_], told.total()
        wrong = [(other, times) for other, times in told.most_common() if other != id_]
        name = category_title(matcher.policy, id_, language)
        if not wrong:
            yield text("effect-known", title=name, known=known, total=total)
        else:
            other, times = wrong[0]
            confused = category_title(matcher.policy, other, language)
            yield text("effect-confused", title=name, known=known, total=total, other=confused, times=times)
