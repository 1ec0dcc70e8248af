"""Answering "is this covered?" from the policy, and what people say about the answer."""

from __future__ import annotations

from bot.coverage.policy import Category
from bot.coverage.policy_question import asks_about_policy
from bot.desk.line import live_facts
from bot.desk.opening import as_asker, own_answer
from bot.desk.policy.collecting import collect_wrong_answer
from bot.desk.receipt import answer_blocks, clause_blocks
from bot.desk.scene import Scene, ticket_here
from bot.model import (
    Action,
    Block,
    Button,
    ButtonStyle,
    Content,
    Field,
    FieldKind,
    Mention,
    MessagePicked,
    MessagePosted,
    Refusal,
    Reply,
    Ruling,
    Value,
    Verdict,
)
from bot.rules.limits import ANSWERS_AN_HOUR, TEXT_LIMIT, title
from bot.rules.response import Response
from bot.store import queries
from bot.store.database import Transaction
from bot.store.queries import Answer
from bot.texts import heading, note, paragraph, text

_WITHOUT_FACTS = {"why_no_customization"}
"""Process questions that no place in the line answers; the form for paid work does."""
_EXCERPT = 120
"""Characters of the customer's words that are told back to them."""


async def covered_command(tx: Transaction, scene: Scene, _: str = "") -> Reply:
    """`/covered <question>`: a private answer; asked for, so it is never silence."""
    if not scene.words:
        question = Field("text", text("form-covered-text"), FieldKind.PARAGRAPH, limit=TEXT_LIMIT)
        return scene.form("covered", "form-covered", question)
    standing = await queries.standing(tx, scene.server, scene.person.id, scene.event.at)
    if standing.is_blocked:
        raise Refusal("refused-blocked")
    if standing.answers >= ANSWERS_AN_HOUR:
        raise Refusal("refused-too-many-questions")
    verdict, message = scene.verdict, scene.event.key
    if verdict is not None and verdict.action is Action.ANSWER:
        await keep_answer(tx, scene, Response.ANSWER, message=message, thread=None)
        return Reply(await answer_content(tx, scene, verdict, message))
    await keep_answer(tx, scene, Response.OFFER_TICKET, message=message, thread=None)
    return Reply(offer_content(scene, message))


async def covered_form(tx: Transaction, scene: Scene, _: str) -> Reply:
    """The form of `/covered` is filled in."""
    if not scene.words:
        raise Refusal("refused-empty")
    return await covered_command(tx, scene)


async def is_heard(tx: Transaction, scene: Scene) -> bool:
    """Whether we still answer this customer: not blocked, and not all answers used up that one gets in an hour."""
    standing = await queries.standing(tx, scene.server, scene.person.id, scene.event.at)
    return not standing.is_blocked and standing.answers < ANSWERS_AN_HOUR


async def keep_answer(tx: Transaction, scene: Scene, response: Response, *, message: str, thread: str | None) -> None:
    """Keep what the buttons under the answer will need."""
    verdict = scene.verdict
    category, ruling = scene.finding
    here = await ticket_here(tx, scene)
    is_elsewhere = isinstance(scene.event, MessagePosted) and scene.event.channel not in scene.settings.support
    answer = Answer(
        server=scene.server,
        message=message,
        channel=scene.event.channel,
        thread=thread,
        customer=scene.person.id,
        customer_name=scene.person.name,
        language=scene.language,
        text=scene.words,
        response=response,
        category=category,
        ruling=ruling,
        confidence=verdict.confidence if verdict else 0.0,
        policy_version=scene.policy.version,
        message_order=scene.event.order,
        at=scene.event.at,
        is_private=scene.event.is_direct or is_elsewhere or (here is not None and here.is_private),
    )
    await queries.add_answer(tx, answer)


async def answer_content(tx: Transaction, scene: Scene, verdict: Verdict, message: str) -> Content:
    """Verdict in words and colour, the quoted clause, what to do, why we think so, and the way to a person."""
    category = scene.policy.categories[verdict.category or ""]
    ruling = category.ruling
    texts = category.texts[scene.language]
    blocks = [heading(text(f"answer-{ruling}", title=texts.title)), *clause_blocks(scene, category.id, scene.language)]
    blocks += answer_blocks(scene, category.id, scene.language)
    if ruling is Ruling.PROCESS and category.id not in _WITHOUT_FACTS:
        blocks += await live_facts(tx, scene)
    blocks += because(scene, verdict)
    return scene.content(*blocks, buttons=_answer_buttons(category, message), ruling=ruling)


def because(scene: Scene, verdict: Verdict) -> list[Block]:
    """What in the message decided, and the moderator's phrase that it is like."""
    event, person = scene.event, scene.person
    is_own = not isinstance(event, MessagePicked) or event.author.id == person.id
    key = "because" if is_own else "because-other"
    told: dict[str, Value] = {"person": Mention(person.id), "excerpt": title(verdict.excerpt or scene.words, _EXCERPT)}
    phrase = scene.matcher.likest_phrase(verdict)
    if phrase is None:
        return [note(text(f"{key}-words", **told))]
    return [note(text(key, **told, phrase=title(phrase, _EXCERPT)))]


def offer_content(scene: Scene, message: str) -> Content:
    """Unsure, or nothing in the policy: say so, and offer a ticket."""
    verdict = scene.verdict
    person = Mention(scene.person.id)
    buttons = (_open_button(message, primary=True),)
    if verdict is not None and verdict.ruling is Ruling.NOT_IN_POLICY:
        answer = answer_blocks(scene, verdict.category, scene.language)
        return scene.content(*answer, note(text("offer-for", person=person)), buttons=buttons, ruling=verdict.ruling)
    blocks = [paragraph(text("offer-unsure", person=person))]
    if asks_about_policy(scene.words, scene.verdict.language if scene.verdict else scene.language):
        blocks.append(note(text("offer-policy")))
    return scene.content(*blocks, buttons=buttons)


def same_matter_content(scene: Scene, message: str, *numbers: int) -> Content:
    """It may belong to a ticket that the customer has: the one opened a moment ago, or one of several."""
    add = [
        Button(f"add:{number}:{message}", text("button-add", number=number), ButtonStyle.PRIMARY) for number in numbers
    ]
    person = Mention(scene.person.id)
    several = text("offer-which-ticket", person=person)
    told = several if len(numbers) > 1 else text("offer-same-ticket", person=person, number=numbers[0])
    return scene.content(paragraph(told), buttons=(*add, _open_button(message)))


async def helped(tx: Transaction, scene: Scene, message: str) -> Reply:
    """[That helped]: the thread can go."""
    answer = await own_answer(tx, scene, message)
    is_first = answer.opinion is None
    await queries.set_opinion(tx, scene.server, message, "helped")
    if is_first and answer.thread and await queries.ticket_by_thread(tx, scene.server, answer.thread) is None:
        await scene.close_thread(tx, answer.thread)
    return as_asker(scene, answer).reply_text("helped-thanks")


async def wrong(tx: Transaction, scene: Scene, message: str) -> Reply:
    """[Wrong answer]: kept for the moderators; a person will look at it, if wanted."""
    answer = await own_answer(tx, scene, message)
    await queries.set_opinion(tx, scene.server, message, "wrong")
    await collect_wrong_answer(tx, scene, answer)
    return as_asker(scene, answer).reply_text("wrong-sorry", _open_button(message, primary=True))


def _answer_buttons(category: Category, message: str) -> tuple[Button, ...]:
    feedback = (
        Button(f"helped:{message}", text("button-helped")),
        Button(f"wrong:{message}", text("button-wrong")),
    )
    match category.ruling:
        case Ruling.PAID:
            form = Button(f"paid:{message}", text("button-paid"), ButtonStyle.PRIMARY)
            return (form, _open_button(message, key="button-open-anyway"), *feedback)
        case Ruling.NOT_COVERED:
            form = Button(f"paid:{message}", text("button-paid"))
            return (_open_button(message, key="button-open-anyway"), form, *feedback)
        case Ruling.COVERED:
            return (_open_button(message, primary=True), *feedback)
        case _ if category.id in _WITHOUT_FACTS:
            return (Button(f"paid:{message}", text("button-paid")), _open_button(message), *feedback)
        case _:
            return (_open_button(message), *feedback)


def _open_button(message: str, *, primary: bool = False, key: str = "button-open") -> Button:
    return Button(f"open:{message}", text(key), ButtonStyle.PRIMARY if primary else ButtonStyle.PLAIN)
