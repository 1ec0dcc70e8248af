"""Learning from mistakes: a moderator decides about what was collected, one by one. Nothing is learnt without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.coverage.changes import CategoryChange, PolicyChange, TextsChange, changed, taking_over
from bot.coverage.policy import Policy
from bot.desk.correcting import category_field
from bot.desk.policy.drafts import RECENT, Standing, in_force, standing
from bot.desk.policy.effects import category_title, changed_verdicts, told_by
from bot.desk.scene import Answer, Scene, Study
from bot.model import (
    Block,
    Button,
    ButtonStyle,
    Field,
    FieldKind,
    Language,
    Refusal,
    Reply,
    Ruling,
    Text,
)
from bot.rules.limits import title
from bot.rules.permissions import require_moderator
from bot.rules.policies import LONGEST_PHRASE, require_sound
from bot.store.database import Transaction
from bot.store.policy_queries import (
    Lesson,
    drop_lesson,
    lesson_count,
    lesson_named,
    open_lessons,
    recent_texts,
)
from bot.texts import heading, item, note, paragraph, quote, text

_GUESSES = 2
"""Categories that have a button of their own."""
_MOST_CHOICES = 25
"""Options of a list (Discord's limit)."""
_MOST_TEXTS = 150
"""Messages of each kind that are judged anew to show what a lesson would do; it is done for every guess."""


async def review(tx: Transaction, scene: Scene, _: str = "") -> Answer:
    """`/policy review`: the oldest lesson, and what could be made of it."""
    require_moderator(scene.person, scene.settings)
    return await _next(tx, scene)


async def _next(tx: Transaction, scene: Scene, *before: Block, buttons: tuple[Button, ...] = ()) -> Answer:
    """The next lesson, under what became of the one before it."""
    lessons = await open_lessons(tx, scene.server, 1)
    if not lessons:
        return scene.reply(*before, paragraph(text("review-none")), buttons=buttons)
    count = await lesson_count(tx, scene.server)
    texts = await recent_texts(tx, scene.server, scene.now - RECENT, _MOST_TEXTS)
    now = await standing(tx, scene)
    return Study(partial(_shown, scene, lessons[0], count, now, texts, before, buttons))


def _shown(
    scene: Scene,
    lesson: Lesson,
    count: int,
    now: Standing,
    texts: Sequence[str],
    before: tuple[Block, ...],
    buttons: tuple[Button, ...],
) -> Reply:
    """A lesson, what each choice would do, and the choices."""
    told = category_title(now.policy, lesson.told, scene.language) if lesson.told else ""
    blocks = [*before, heading(text("review-heading", count=count)), quote(title(lesson.text, 1_000))]
    blocks.append(note(text(f"review-{lesson.source}", told=told)))
    for id_ in _guesses(scene, lesson, now.policy):
        named = category_title(now.policy, id_, scene.language)
        blocks.append(item(_consequence(scene, lesson, id_, now, texts)))
        buttons += (Button(f"policy-learn:{id_}:{lesson.id}", text("button-learn", title=named), ButtonStyle.PRIMARY),)
    buttons += (Button(f"policy-teach:{lesson.id}", text("button-teach")),)
    quiet = next((id_ for id_, one in now.policy.categories.items() if one.ruling is Ruling.SILENCE), None)
    if quiet:
        buttons += (Button(f"policy-learn:{quiet}:{lesson.id}", text("button-small-talk")),)
    buttons += (Button(f"policy-leave:{lesson.id}", text("button-leave")),)
    return scene.reply(*blocks, buttons=buttons)


def _guesses(scene: Scene, lesson: Lesson, policy: Policy) -> list[str]:
    """What the message may be about: an agent's word first, never what a customer has called wrong."""
    wrong = lesson.told if lesson.source == "wrong" else None
    likely = [id_ for id_, _ in scene.matcher.candidates(lesson.text)]
    ids = dict.fromkeys([lesson.right or "", *likely])
    told = [id_ for id_ in ids if id_ in policy.categories and id_ != wrong]
    return [id_ for id_ in told if policy.categories[id_].ruling is not Ruling.SILENCE][:_GUESSES]


def _consequence(scene: Scene, lesson: Lesson, id_: str, now: Standing, texts: Sequence[str]) -> Text:
    """What it would do to add the message to this category."""
    change = now.change | with_phrase(now.change, id_, lesson.language, as_phrase(lesson.text))
    matcher = scene.shipped.adapted(changed(scene.shipped.policy, change, now.number + 1))
    changes = changed_verdicts(scene.matcher, matcher, texts)
    then = told_by(matcher.match(lesson.text), scene.language, matcher.policy)
    named = category_title(now.policy, id_, scene.language)
    return text("review-consequence", title=named, then=then, changed=len(changes), of=len(texts))


def as_phrase(words: str) -> str:
    """A customer's message as one line of a phrase file."""
    line = " ".join(words.split()).lstrip("- ")
    return line if len(line) <= LONGEST_PHRASE else line[:LONGEST_PHRASE].rsplit(" ", 1)[0]


def with_phrase(whole: PolicyChange, id_: str, language: Language, phrase: str) -> PolicyChange:
    """What adds one phrase to a category."""
    change = whole.categories.get(id_, CategoryChange())
    own = change.texts.get(language, TextsChange())
    added = {**own.added, id_: tuple(dict.fromkeys((*own.added.get(id_, ()), phrase)))}
    removed = {owner: tuple(one for one in phrases if one != phrase) for owner, phrases in own.removed.items()}
    kept = {owner: phrases for owner, phrases in removed.items() if phrases}
    texts = {**change.texts, language: replace(own, added=added, removed=kept)}
    return taking_over(whole, id_, replace(change, texts=texts))


async def _decide(tx: Transaction, scene: Scene, id_: str) -> Lesson:
    """The lesson is decided about now, and gone from the list. Refuses one that somebody was quicker with."""
    require_moderator(scene.person, scene.settings)
    lesson = await lesson_named(tx, scene.server, id_)
    if lesson is None:
        raise Refusal("refused-decided")
    await drop_lesson(tx, scene.server, id_)
    return lesson


async def learn_button(tx: Transaction, scene: Scene, action: str) -> Answer:
    """[Add to ...] and [Small talk]: `policy-learn:<category>:<lesson>`. What it does was shown beside the button."""
    id_, _, lesson_id = action.partition(":")
    lesson = await _decide(tx, scene, lesson_id)
    return await _learn(tx, scene, lesson, id_, as_phrase(lesson.text))


async def teach_button(tx: Transaction, scene: Scene, lesson_id: str) -> Reply:
    """[Another category]: choose it, and mend the words."""
    require_moderator(scene.person, scene.settings)
    lesson = await lesson_named(tx, scene.server, lesson_id)
    if lesson is None:
        raise Refusal("refused-decided")
    phrase = as_phrase(lesson.text)
    words = Field("phrase", text("form-teach-phrase"), FieldKind.PARAGRAPH, limit=LONGEST_PHRASE, value=phrase)
    return scene.form(f"policy-teach:{lesson_id}", "form-teach", category_field(scene, lesson.text, ""), words)


async def teach_form(tx: Transaction, scene: Scene, lesson_id: str) -> Answer:
    """The category and the words are chosen."""
    lesson = await _decide(tx, scene, lesson_id)
    phrase = as_phrase(scene.values.get("phrase", ""))
    if not phrase:
        raise Refusal("refused-empty")
    return await _learn(tx, scene, lesson, scene.values.get("category", ""), phrase)


async def _learn(tx: Transaction, scene: Scene, lesson: Lesson, id_: str, phrase: str) -> Answer:
    now = await standing(tx, scene)
    if id_ not in now.policy.categories:
        raise Refusal("refused-choice", field=text("form-correct-category"))
    named = category_title(now.policy, id_, scene.language)
    if phrase in now.policy.categories[id_].texts[lesson.language].phrases:
        return await _next(tx, scene, paragraph(text("review-known", title=named)))
    change = with_phrase(now.change, id_, lesson.language, phrase)
    require_sound(changed(scene.shipped.policy, now.change | change, now.number + 1), change.categories)
    number = await in_force(tx, scene, change, "/policy review")
    learnt = paragraph(text("review-learnt", title=named, number=number))
    undo = Button(f"policy-undo:{number}", text("button-undo"))
    return await _next(tx, scene, learnt, buttons=(undo,))


async def leave_button(tx: Transaction, scene: Scene, lesson_id: str) -> Answer:
    """[Leave]: nothing is learnt from this one."""
    await _decide(tx, scene, lesson_id)
    return await _next(tx, scene, paragraph(text("review-left")))


# --- trying a sentence -----------------------------------------------------------------------------------


async def test(tx: Transaction, scene: Scene, words: str) -> Answer:
    """`/policy test <sentence>`: what the bot makes of it, and what else it could be."""
    del tx
    require_moderator(scene.person, scene.settings)
    if not words:
        raise Refusal("refused-nothing-to-test")
    return Study(partial(_tested, scene, words))


def _tested(scene: Scene, words: str) -> Reply:
    matcher, language = scene.matcher, scene.language
    verdict = matcher.match(words)
    blocks = [heading(told_by(verdict, language, matcher.policy)), quote(title(words, 300))]
    if verdict.phrase:
        blocks.append(paragraph(text("test-like", phrase=title(verdict.phrase, 120))))
    said = text(f"language-{verdict.language}")
    blocks.append(paragraph(text("test-confidence", percent=round(100 * verdict.confidence), language=said)))
    for id_, share in matcher.candidates(words)[:_RUNNERS_UP]:
        ruling = text(f"ruling-{matcher.policy.categories[id_].ruling}")
        named = category_title(matcher.policy, id_, language)
        blocks.append(item(text("test-candidate", title=named, ruling=ruling, percent=round(100 * share))))
    blocks.append(note(text("test-version", version=matcher.policy.version)))
    return scene.reply(*blocks, ruling=verdict.ruling)


_RUNNERS_UP = 4
"""Categories that are told for a tried sentence, the best included."""
