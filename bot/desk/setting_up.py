"""Joining a server, and `/setup`: what moderators decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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
    Text,
)
from bot.rules.limits import title
from bot.rules.permissions import require_moderator
from bot.store import queries
from bot.store.database import Transaction
from bot.store.outbox import dead_letter_count, owe_board
from bot.texts import heading, item, note, paragraph, text

_MOST = 100
"""Highest limit that may be set; also the most channels or roles of a kind."""
_MOST_DAYS = 3_650
"""Longest time that may be set."""
_MOST_REASON = 300
"""Characters of the reason why a policy was refused."""
_MODES = tuple((mode.value, text(f"mode-{mode}")) for mode in Mode)
_LANGUAGES = tuple((language.value, text(f"language-{language}")) for language in Language)
_ADDRESSES = (("sie", text("address-sie")), ("du", text("address-du")))


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
    """`/setup`, `/setup rules`, `/setup tickets`, `/setup mode [auto|ask|quiet]`, `/setup show`."""
    require_moderator(scene.person, scene.settings)
    part, _, rest = scene.words.casefold().partition(" ")
    match part:
        case "":
            return scene.form("setup", "form-setup", *_place_fields(scene.settings))
        case "rules":
            return scene.form("setup-rules", "form-setup-rules", *_rule_fields(scene.settings))
        case "tickets":
            return scene.form("setup-tickets", "form-setup-tickets", *_ticket_fields(scene.settings))
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
    new = replace(
        old,
        support={channel: old.support.get(channel, Mode.AUTO) for channel in support},
        agents_channel=values.get("agents", "").strip() or None,
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


async def _keep(tx: Transaction, scene: Scene, new: ServerSettings) -> Reply:
    await queries.add_server(tx, scene.server, new, scene.event.at)
    await queries.change_settings(tx, scene.server, new)
    await posts.refresh(tx, scene.server, scene.now)
    await owe_board(tx, scene.server, scene.now)
    return scene.reply(paragraph(text("setup-kept")), *await _overview(tx, scene, new))


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
    ]
    blocks += [note(missing) for missing in _missing(settings)]
    if scene.policy_trouble:
        blocks.append(note(text("setup-policy-trouble", reason=title(scene.policy_trouble, _MOST_REASON))))
    lost = await dead_letter_count(tx, scene.server)
    if lost:
        blocks.append(note(text("queue-dead-letters", count=lost)))
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


def _limit(values: Mapping[str, str], name: str, most: int = _MOST) -> int:
    given = values.get(name, "").strip()
    if not (given.isascii() and given.isdecimal() and len(given) <= len(str(most)) and 1 <= int(given) <= most):
        raise Refusal("refused-limit", field=text(f"form-setup-{name.replace('_', '-')}"), most=most)
    return int(given)
