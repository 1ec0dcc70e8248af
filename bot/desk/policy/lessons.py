"""Learning from mistakes: a moderator decides about what was collected, one by one. Nothing is learnt without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.coverage.changes import CategoryChange, PolicyChange, TextsChange, taking_over, touched
from bot.coverage.matcher import Matcher
from bot.coverage.policy import Policy
from bot.desk.correcting import category_field
from bot.desk.policy.drafts import RECENT, Standing, in_force, policy_with, standing, undo_this
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
    keep_lesson,
    lesson_count,
    lesson_named,
    open_lessons,
    recent_texts,
)
from bot.texts import heading, item, note, paragraph, quote, text

_GUESSES = 2
"""Categories that have a button of their own."""
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
    return await _show(tx, scene, lessons[0], before, buttons)


async def _show(
    tx: Transaction, scene: Scene, lesson: Lesson, before: tuple[Block, ...] = (), buttons: tuple[Button, ...] = ()
) -> Answer:
    count = await lesson_count(tx, scene.server)
    texts = await recent_texts(tx, scene.server, scene.now - RECENT, _MOST_TEXTS)
    now = await standing(tx, scene)
    return Study(partial(_shown, scene, lesson, count, now, texts, before, buttons))


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
    right = category_title(now.policy, lesson.right, scene.language) if lesson.right else ""
    source = lesson.source if told else f"{lesson.source}-untold"
    blocks.append(note(text(f"review-{source}", told=told, right=right)))
    others = [message for message in texts if message != lesson.text]
    as_now = scene.matcher if scene.policy.version == now.policy.version else scene.shipped.adapted(now.policy)
    choices = []
    for id_ in _guesses(scene, lesson, now.policy):
        label = text("button-learn", title=category_title(now.policy, id_, scene.language))
        choices.append(Button(f"policy-learn:{id_}:{lesson.id}", label, ButtonStyle.PRIMARY))
        blocks.append(item(_consequence(scene, lesson, id_, now, as_now, others)))
    choices.append(Button(f"policy-teach:{lesson.id}", text("button-teach")))
    quiet = next((id_ for id_, one in now.policy.categories.items() if one.ruling is Ruling.SILENCE), None)
    if quiet:
        blocks.append(item(_consequence(scene, lesson, quiet, now, as_now, others)))
        choices.append(Button(f"policy-learn:{quiet}:{lesson.id}", text("button-small-talk")))
    choices.append(Button(f"policy-leave:{lesson.id}", text("button-leave")))
    return scene.reply(*blocks, buttons=(*choices, *buttons))


def _guesses(scene: Scene, lesson: Lesson, policy: Policy) -> list[str]:
    """What the message may be about: an agent's word first, never what a customer has called wrong."""
    wrong = lesson.told if lesson.source == "wrong" else None
    likely = [id_ for id_, _ in scene.matcher.candidates(lesson.text)]
    ids = dict.fromkeys([lesson.right or "", *likely])
    known = [id_ for id_ in ids if id_ in policy.categories and (id_ != wrong or id_ == lesson.right)]
    return [id_ for id_ in known if policy.categories[id_].ruling is not Ruling.SILENCE][:_GUESSES]


def _consequence(scene: Scene, lesson: Lesson, id_: str, now: Standing, as_now: Matcher, texts: Sequence[str]) -> Text:
    """What it would do to add the message to this category."""
    change = with_phrase(now.change, id_, lesson.language, as_phrase(lesson.text))
    matcher = scene.shipped.adapted(policy_with(scene, now, change))
    changes = changed_verdicts(as_now, matcher, texts)
    then = told_by(matcher.match(lesson.text), scene.language, matcher.policy)
    named = category_title(now.policy, id_, scene.language)
    return text("review-consequence", title=named, then=then, changed=len(changes))


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


async def _decide(tx: Transaction, scene: Scene, id_: str) -> Lesson | None:
    """The lesson is decided about now, and gone from the list; None if somebody was quicker."""
    require_moderator(scene.person, scene.settings)
    lesson = await lesson_named(tx, scene.server, id_)
    await drop_lesson(tx, scene.server, id_)
    return lesson


async def learn_button(tx: Transaction, scene: Scene, action: str) -> Answer:
    """[Add to ...] and [Small talk]: `policy-learn:<category>:<lesson>`. What it does was shown above the button."""
    id_, _, lesson_id = action.partition(":")
    lesson = await _decide(tx, scene, lesson_id)
    if lesson is None:
        return await _next(tx, scene, paragraph(text("review-decided")))
    now = await standing(tx, scene)
    if id_ not in now.policy.categories:
        raise Refusal("refused-old-button")
    named, phrase = category_title(now.policy, id_, scene.language), as_phrase(lesson.text)
    if phrase in now.policy.categories[id_].texts[lesson.language].phrases:
        return await _next(tx, scene, paragraph(text("review-known", title=named)))
    change = with_phrase(now.change, id_, lesson.language, phrase)
    new = policy_with(scene, now, change)
    require_sound(new, touched(now.policy, new))
    number = await in_force(tx, scene, change, "/policy review")
    learnt = paragraph(text("review-learnt", title=named, number=number))
    return await _next(tx, scene, learnt, buttons=(undo_this(number),))


async def teach_button(tx: Transaction, scene: Scene, lesson_id: str) -> Answer:
    """[Another category]: choose it, and mend the words."""
    require_moderator(scene.person, scene.settings)
    lesson = await lesson_named(tx, scene.server, lesson_id)
    if lesson is None:
        return await _next(tx, scene, paragraph(text("review-decided")))
    phrase = as_phrase(lesson.text)
    words = Field("phrase", text("form-teach-phrase"), FieldKind.PARAGRAPH, limit=LONGEST_PHRASE, value=phrase)
    return scene.form(f"policy-teach:{lesson_id}", "form-teach", category_field(scene, lesson.text, ""), words)


async def teach_form(tx: Transaction, scene: Scene, lesson_id: str) -> Answer:
    """The category and the words are chosen: the same lesson, with what that would do and the button for it."""
    require_moderator(scene.person, scene.settings)
    lesson = await lesson_named(tx, scene.server, lesson_id)
    if lesson is None:
        return await _next(tx, scene, paragraph(text("review-decided")))
    phrase, id_ = as_phrase(scene.values.get("phrase", "")), scene.values.get("category", "")
    if not any(map(str.isalnum, phrase)):
        raise Refusal("refused-empty")
    if id_ not in (await standing(tx, scene)).policy.categories:
        raise Refusal("refused-choice", field=text("form-correct-category"))
    mended = replace(lesson, text=phrase, right=id_)
    await keep_lesson(tx, mended)
    return await _show(tx, scene, mended)


async def leave_button(tx: Transaction, scene: Scene, lesson_id: str) -> Answer:
    """[Leave]: nothing is learnt from this one."""
    lesson = await _decide(tx, scene, lesson_id)
    return await _next(tx, scene, paragraph(text("review-left" if lesson else "review-decided")))


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
    verdict = matcher.match_closely(words)
    blocks = [heading(told_by(verdict, language, matcher.policy)), quote(title(words, 300))]
    if phrase := matcher.likest_phrase(verdict):
        blocks.append(paragraph(text("test-like", phrase=title(phrase, 120))))
    said = text(f"language-{verdict.language}")
    blocks.append(paragraph(text("test-confidence", percent=round(100 * verdict.confidence), language=said)))
    for id_, share in matcher.candidates(words, closely=True)[:_RUNNERS_UP]:
        ruling = text(f"ruling-{matcher.policy.categories[id_].ruling}")
        named = category_title(matcher.policy, id_, language)
        blocks.append(item(text("test-candidate", title=named, ruling=ruling, percent=round(100 * share))))
    blocks.append(note(text("test-version", version=matcher.policy.version)))
    return scene.reply(*blocks, ruling=verdict.ruling)


_RUNNERS_UP = 4
"""Categories that are told for a tried sentence, the best included."""
