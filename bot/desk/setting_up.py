"""Joining a server, and `/setup`: what moderators decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.desk.cards import show
from bot.desk.policy import posts
from bot.desk.scene import Scene
from bot.model import (
    Block,
    ChannelLink,
    Field,
    FieldKind,
    Language,
    Mode,
    Refusal,
    Reply,
    Roles,
    Say,
    ServerJoined,
    ServerSettings,
    SupportHours,
    Text,
)
from bot.rules.limits import clean, title
from bot.rules.permissions import require_moderator
from bot.rules.reading_hours import (
    read_absences,
    read_holidays,
    read_week,
    read_zone,
    tell_absences,
    tell_holidays,
    tell_week,
)
from bot.store import queries
from bot.store.database import Transaction
from bot.store.outbox import dead_letter_count, owe_board
from bot.texts import heading, item, note, paragraph, promise_span, text

_MOST = 100
"""Highest limit that may be set; also the most channels or roles of a kind."""
_MOST_DAYS = 3_650
"""Longest time that may be set."""
_MOST_HOURS = 720
"""Longest answer time, and longest time until a reminder, in hours."""
_MOST_SILENCE = 365
"""Longest silence, in days, before a customer is asked and before a ticket is closed."""
_LONGEST_ABSENCES = 2_000
"""Characters of all absences together."""
_SHOWN_ABSENCES = 5
_MOST_CARDS = 100
"""Waiting tickets, and claimed ones, that get a new card at once; others when something happens to them."""
_MOST_REASON = 300
"""Characters of the reason why a policy was refused."""
_MODES = tuple((mode.value, text(f"mode-{mode}")) for mode in Mode)
_LANGUAGES = tuple((language.value, text(f"language-{language}")) for language in Language)
_ADDRESSES = (("sie", text("address-sie")), ("du", text("address-du")))
_THERE = tuple((there, text(f"there-{there}")) for there in ("clock", "hours", "both"))
"""When agents are there: around the clock; only at some hours; only at some hours, which alone the promise counts."""


async def server_joined(tx: Transaction, scene: Scene, event: ServerJoined) -> None:
    """A new server speaks its platform's language, else German, and is told once what to do; so is one that is back."""
    settings = ServerSettings(language=Language.of_locale(event.locale) or Language.DE)
    is_new = await queries.add_server(tx, event.server, settings, event.at)
    if is_new and event.channel:
        settings = await queries.settings_of(tx, event.server) or settings
        scene = replace(scene, settings=settings)
        blocks = (heading(text("welcome-heading")), paragraph(text("welcome")), note(text("welcome-setup")))
        content = scene.content(*blocks, language=settings.language)
        await scene.owe(tx, "welcome", Say(server=event.server, channel=event.channel, content=content))


async def setup_command(tx: Transaction, scene: Scene) -> Reply:
    """`/setup`, `/setup rules|tickets|hours|promise`, `/setup mode [auto|ask|quiet]`, `/setup show`."""
    require_moderator(scene.person, scene.settings)
    part, _, rest = scene.words.casefold().partition(" ")
    match part:
        case "":
            return scene.form("setup", "form-setup", *_place_fields(scene.settings))
        case "rules":
            return scene.form("setup-rules", "form-setup-rules", *_rule_fields(scene.settings))
        case "tickets":
            return scene.form("setup-tickets", "form-setup-tickets", *_ticket_fields(scene.settings))
        case "hours":
            return scene.form("setup-hours", "form-setup-hours", *_hour_fields(scene.settings, scene.language))
        case "promise":
            return scene.form("setup-promise", "form-setup-promise", *_promise_fields(scene.settings))
        case "mode":
            return await _mode_command(tx, scene, rest.strip())
        case "show":
            return scene.reply(*await _overview(tx, scene, scene.settings))
        case _:
            raise Refusal("refused-setup-words")


async def setup_form(tx: Transaction, scene: Scene, _: str) -> Reply:
    """Channels and roles."""
    require_moderator(scene.person, scene.settings)
    old, values = scene.settings, scene.values
    support = values.get("support", "").split()[:_MOST]
    if not support:
        raise Refusal("refused-field-missing", field=text("form-setup-support"))
    agents = values.get("agents", "").strip() or None
    if scene.has_cards and agents in support:  # there, customers would read the cards
        raise Refusal("refused-agents-in-support")
    first = Language.of_locale(scene.person.locale) if scene.has_cards and not old.support else None
    new = replace(
        old,
        language=first or old.language,  # there, a server does not tell its own
        support={channel: old.support.get(channel, Mode.AUTO) for channel in support},
        agents_channel=agents,
        sales_channel=values.get("sales", "").strip() or None,
        agent_roles=frozenset(values.get("agent_roles", "").split()[:_MOST]),
        moderator_roles=frozenset(values.get("moderator_roles", "").split()[:_MOST]),
    )
    return await _keep(tx, scene, new)


async def rules_form(tx: Transaction, scene: Scene, _: str) -> Reply:
    """Language, address, and how long texts are kept."""
    require_moderator(scene.person, scene.settings)
    values = scene.values
    language = values.get("language", "")
    if language not in set(Language):
        raise Refusal("refused-choice", field=text("form-setup-language"))
    new = replace(
        scene.settings,
        language=Language(language),
        formal=values.get("address", "sie") != "du",
        retention_days=_limit(values, "retention", _MOST_DAYS),
    )
    return await _keep(tx, scene, new)


async def tickets_form(tx: Transaction, scene: Scene, _: str) -> Reply:
    """Limits, and how long a closed ticket can be opened again."""
    require_moderator(scene.person, scene.settings)
    values = scene.values
    new = replace(
        scene.settings,
        open_limit=_limit(values, "open_limit"),
        hourly_limit=_limit(values, "hourly_limit"),
        reopen_days=_limit(values, "reopen", _MOST_DAYS),
    )
    return await _keep(tx, scene, new)


def hours_of(values: Mapping[str, str]) -> SupportHours | None:
    """The hours that the form `setup-hours` asks for; None is around the clock. Refuses what nobody understands."""
    there = values.get("there", "")
    if there not in dict(_THERE):
        raise Refusal("refused-choice", field=text("form-setup-there"))
    if there == "clock":
        return None
    zone, week = read_zone(_filled(values, "zone")), read_week(_filled(values, "week"))
    country, region = read_holidays(clean(values.get("holidays", "")))
    absences = clean(values.get("absences", ""), _LONGEST_ABSENCES)
    return SupportHours(zone, week, country, region, read_absences(absences))


async def hours_form(tx: Transaction, scene: Scene, _: str) -> Reply:
    """When agents are there, and whether the promise counts only these hours."""
    require_moderator(scene.person, scene.settings)
    hours = hours_of(scene.values)
    new = replace(scene.settings, hours=hours, promise_in_hours=scene.values["there"] == "both")
    return await _keep(tx, scene, new, paragraph(text("setup-dues-stay")))


async def promise_form(tx: Transaction, scene: Scene, _: str) -> Reply:
    """The answer time, and what happens in silence."""
    require_moderator(scene.person, scene.settings)
    values = scene.values
    new = replace(
        scene.settings,
        soft_hours=_limit(values, "soft_hours", _MOST_HOURS),
        hard_hours=_limit(values, "hard_hours", _MOST_HOURS),
        reminder_hours=_limit(values, "reminder_hours", _MOST_HOURS),
        nudge_days=_limit(values, "nudge_days", _MOST_SILENCE),
        close_days=_limit(values, "close_days", _MOST_SILENCE),
    )
    if new.soft_hours >= new.hard_hours:
        raise Refusal("refused-promise-order")
    return await _keep(tx, scene, new, paragraph(text("setup-dues-stay")))


async def mode_form(tx: Transaction, scene: Scene, _: str) -> Reply:
    """The mode of the channel in which the form was opened."""
    return await _set_mode(tx, scene, scene.values.get("mode", ""))


async def _mode_command(tx: Transaction, scene: Scene, mode: str) -> Reply:
    if mode:
        return await _set_mode(tx, scene, mode)
    now = scene.settings.support.get(scene.event.channel)
    if now is None:
        raise Refusal("refused-no-support-channel")
    question = Field("mode", text("form-setup-mode-field"), FieldKind.CHOICE, value=now, choices=_MODES)
    return scene.form("setup-mode", "form-setup-mode", question)


async def _set_mode(tx: Transaction, scene: Scene, mode: str) -> Reply:
    require_moderator(scene.person, scene.settings)
    if mode not in set(Mode):
        raise Refusal("refused-choice", field=text("form-setup-mode-field"))
    if scene.event.channel not in scene.settings.support:
        raise Refusal("refused-no-support-channel")
    support = {**scene.settings.support, scene.event.channel: Mode(mode)}
    return await _keep(tx, scene, replace(scene.settings, support=support))


async def _keep(tx: Transaction, scene: Scene, new: ServerSettings, *remarks: Block) -> Reply:
    await queries.add_server(tx, scene.server, new, scene.event.at)
    await queries.change_settings(tx, scene.server, new)
    if waits(new) != waits(scene.settings):
        await queries.wake_claimed(tx, scene.server, scene.now)  # their next step is due at another time now
    await posts.refresh(tx, scene.server, scene.now)
    if scene.has_cards and new.agents_channel != scene.settings.agents_channel:
        await _show_cards(tx, scene)
    await owe_board(tx, scene.server, scene.now)
    return scene.reply(paragraph(text("setup-kept")), *remarks, *await _overview(tx, scene, new))


async def _show_cards(tx: Transaction, scene: Scene) -> None:
    """The agents have a new channel: what is open has its card there now."""
    waiting = await queries.line(tx, scene.server, _MOST_CARDS)
    for ticket in (*waiting, *await queries.claimed_tickets(tx, scene.server, _MOST_CARDS)):
        await show(tx, scene, ticket)


def waits(settings: ServerSettings) -> tuple[object, ...]:
    """What decides when something happens to a ticket that an agent holds."""
    return settings.hours, settings.reminder_hours, settings.nudge_days, settings.close_days


async def _overview(tx: Transaction, scene: Scene, settings: ServerSettings) -> list[Block]:
    """What is set, and what is missing."""
    blocks = [heading(text("setup-heading"))]
    for channel, mode in settings.support.items():
        blocks.append(item(text("setup-support", channel=ChannelLink(channel), mode=text(f"mode-{mode}"))))
    blocks += [
        item(text("setup-agents", channel=_channel(settings.agents_channel), roles=_roles(settings.agent_roles))),
        item(text("setup-sales", channel=_channel(settings.sales_channel))),
        item(text("setup-moderators", roles=_roles(settings.moderator_roles))),
        item(
            text(
                "setup-rules",
                language=text(f"language-{settings.language}"),
                address=text("address-sie" if settings.formal else "address-du"),
                open=settings.open_limit,
                hourly=settings.hourly_limit,
            )
        ),
        item(text("setup-reopen", days=settings.reopen_days)),
        item(text("setup-retention", days=settings.retention_days)),
        *_told_hours(scene, settings.hours),
        item(text("setup-promise", span=promise_span(settings))),
        item(text("setup-reminder", count=settings.reminder_hours)),
        item(text("setup-nudge", days=settings.nudge_days)),
        item(text("setup-close", days=settings.close_days)),
    ]
    blocks += [note(missing) for missing in _missing(settings)]
    if scene.policy_trouble:
        blocks.append(note(text("setup-policy-trouble", reason=title(scene.policy_trouble, _MOST_REASON))))
    lost = await dead_letter_count(tx, scene.server)
    if lost:
        blocks.append(note(text("queue-dead-letters", count=lost)))
    return blocks


def _told_hours(scene: Scene, hours: SupportHours | None) -> list[Block]:
    """When agents are there; of the absences, the next ones."""
    if hours is None:
        return [item(text("setup-hours-clock"))]
    blocks = [item(text("setup-hours", week=tell_week(hours.week, scene.language), zone=hours.zone))]
    if hours.country:
        blocks.append(item(text("setup-holidays", holidays=tell_holidays(hours))))
    coming = [absence for absence in hours.absences if absence.last >= scene.now.date()]
    if coming:
        shown = tell_absences(coming[:_SHOWN_ABSENCES], scene.language).replace("\n", ", ")
        blocks.append(item(text("setup-absences", absences=shown, more=len(coming[_SHOWN_ABSENCES:]))))
    return blocks


def _missing(settings: ServerSettings) -> list[Text]:
    lacks = {
        "setup-missing-support": not settings.support,
        "setup-missing-agents": not settings.agent_roles,
        "setup-missing-agents-channel": settings.agents_channel is None,
        "setup-missing-sales": settings.sales_channel is None,
    }
    return [text(key) for key, is_missing in lacks.items() if is_missing]


def _channel(channel: str | None) -> ChannelLink | Text:
    return text("setup-no-channel") if channel is None else ChannelLink(channel)


def _roles(roles: frozenset[str]) -> Roles | Text:
    return Roles(tuple(sorted(roles))) if roles else text("setup-no-roles")


def _place_fields(settings: ServerSettings) -> tuple[Field, ...]:
    channels, roles = FieldKind.CHANNELS, FieldKind.ROLES
    agent_roles, moderator_roles = " ".join(settings.agent_roles), " ".join(settings.moderator_roles)
    one = FieldKind.CHANNEL
    return (
        Field("support", text("form-setup-support"), channels, value=" ".join(settings.support)),
        Field("agents", text("form-setup-agents"), one, required=False, value=settings.agents_channel or ""),
        Field("sales", text("form-setup-sales"), one, required=False, value=settings.sales_channel or ""),
        Field("agent_roles", text("form-setup-agent-roles"), roles, value=agent_roles),
        Field("moderator_roles", text("form-setup-moderator-roles"), roles, required=False, value=moderator_roles),
    )


def _rule_fields(settings: ServerSettings) -> tuple[Field, ...]:
    choice = FieldKind.CHOICE
    address = "sie" if settings.formal else "du"
    return (
        Field("language", text("form-setup-language"), choice, value=settings.language, choices=_LANGUAGES),
        Field("address", text("form-setup-address"), choice, value=address, choices=_ADDRESSES),
        Field("retention", text("form-setup-retention"), FieldKind.NUMBER, value=str(settings.retention_days)),
    )


def _ticket_fields(settings: ServerSettings) -> tuple[Field, ...]:
    number = FieldKind.NUMBER
    return (
        Field("open_limit", text("form-setup-open-limit"), number, value=str(settings.open_limit)),
        Field("hourly_limit", text("form-setup-hourly-limit"), number, value=str(settings.hourly_limit)),
        Field("reopen", text("form-setup-reopen"), number, value=str(settings.reopen_days)),
    )


def _hour_fields(settings: ServerSettings, language: Language) -> tuple[Field, ...]:
    hours = settings.hours or SupportHours()
    there = "both" if settings.hours and settings.promise_in_hours else "hours"  # who overlooks it loses nothing typed
    absences = tell_absences(hours.absences, language)
    return (
        Field("there", text("form-setup-there"), FieldKind.CHOICE, value=there, choices=_THERE),
        Field("zone", text("form-setup-zone"), required=False, value=hours.zone),
        Field("week", text("form-setup-week"), required=False, value=tell_week(hours.week, language)),
        Field("holidays", text("form-setup-holidays"), required=False, value=tell_holidays(hours)),
        Field(
            "absences",
            text("form-setup-absences"),
            FieldKind.PARAGRAPH,
            required=False,
            limit=_LONGEST_ABSENCES,
            value=absences,
        ),
    )


def _promise_fields(settings: ServerSettings) -> tuple[Field, ...]:
    number = FieldKind.NUMBER
    return (
        Field("soft_hours", text("form-setup-soft-hours"), number, value=str(settings.soft_hours)),
        Field("hard_hours", text("form-setup-hard-hours"), number, value=str(settings.hard_hours)),
        Field("reminder_hours", text("form-setup-reminder-hours"), number, value=str(settings.reminder_hours)),
        Field("nudge_days", text("form-setup-nudge-days"), number, value=str(settings.nudge_days)),
        Field("close_days", text("form-setup-close-days"), number, value=str(settings.close_days)),
    )


def _filled(values: Mapping[str, str], name: str) -> str:
    given = clean(values.get(name, ""))
    if not given:
        raise Refusal("refused-field-missing", field=text(f"form-setup-{name}"))
    return given


def _limit(values: Mapping[str, str], name: str, most: int = _MOST) -> int:
    given = values.get(name, "").strip()
    if not (given.isascii() and given.isdecimal() and len(given) <= len(str(most)) and 1 <= int(given) <= most):
        raise Refusal("refused-limit", field=text(f"form-setup-{name.replace('_', '-')}"), most=most)
    return int(given)
