"""What Slack sends to an app: the whole payload of every kind."""

from __future__ import annotations

import copy
import secrets
from typing import Any

from tests.doubles.slack import shapes
from tests.doubles.slack.errors import Json
from tests.doubles.slack.world import Channel, Message, User, View, Workspace


def event_callback(workspace: Workspace, event: Json, channel: Channel | None) -> Json:
    """An event in its envelope. In a shared channel the outer team is the one of who acted."""
    world = workspace.world
    is_shared = channel is not None and channel.is_shared
    authorization = {
        "enterprise_id": workspace.enterprise,
        "team_id": None if workspace.is_organisation else workspace.id,
        "user_id": workspace.bot.id,
        "is_bot": True,
        "is_enterprise_install": workspace.is_organisation,
    }
    payload = {
        "token": world.app.verification,
        "team_id": event.get("user_team", workspace.home) if is_shared else workspace.home,
        "context_team_id": workspace.home,
        "context_enterprise_id": workspace.enterprise,
        "api_app_id": world.app.id,
        "event": copy.deepcopy(event),
        "type": "event_callback",
        "event_id": world.ids.new("Ev"),
        "event_time": int(world.ids.now()),
        "authorizations": [authorization],
        "is_ext_shared_channel": is_shared,
        "event_context": f"4-{secrets.token_hex(12)}",
    }
    return payload if workspace.enterprise is None else payload | {"enterprise_id": workspace.enterprise}


def command(who: User, channel: Channel, name: str, words: str, response_url: str, trigger: str) -> Json:
    """A slash command; over HTTP it is sent as the fields of a form."""
    workspace = who.workspace
    payload = {
        "token": workspace.world.app.verification,
        "team_id": workspace.home,
        "team_domain": workspace.domain,
        "channel_id": channel.id,
        "channel_name": shapes.channel_name(channel),
        "user_id": who.id,
        "user_name": who.name,
        "command": name,
        "text": words,
        "api_app_id": workspace.world.app.id,
        "is_enterprise_install": "true" if workspace.is_organisation else "false",
        "response_url": response_url,
        "trigger_id": trigger,
    }
    if workspace.enterprise is not None:
        payload |= {"enterprise_id": workspace.enterprise, "enterprise_name": workspace.name}
    return payload


def _interaction(kind: str, who: User, trigger: str) -> Json:
    workspace = who.workspace
    team: Json | None = {"id": workspace.home, "domain": workspace.domain}
    enterprise = None
    if workspace.enterprise is not None:
        enterprise = {"id": workspace.enterprise, "name": workspace.name}
        team = None if workspace.is_organisation else team
    return {
        "type": kind,
        "token": workspace.world.app.verification,
        "api_app_id": workspace.world.app.id,
        "team": team,
        "enterprise": enterprise,
        "is_enterprise_install": workspace.is_organisation,
        "user": {"id": who.id, "username": who.name, "name": who.name, "team_id": who.team},
        "trigger_id": trigger,
    }


def _channel(channel: Channel) -> Json:
    return {"id": channel.id, "name": shapes.channel_name(channel)}


def pressed_in_message(who: User, message: Message, action: Json, response_url: str, trigger: str) -> Json:
    """A button of a message. Of one that only this person sees, the words do not come along."""
    is_ephemeral = message.seen_by is not None
    container: Json = {"type": "message", "message_ts": message.ts, "channel_id": message.channel.id}
    container |= {"is_ephemeral": is_ephemeral}
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    payload = _interaction("block_actions", who, trigger) | {
        "container": container,
        "channel": _channel(message.channel),
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [action],
    }
    return payload if is_ephemeral else payload | {"message": shapes.message(message)}


def pressed_in_view(who: User, view: View, action: Json, state: Json, trigger: str) -> Json:
    return _interaction("block_actions", who, trigger) | {
        "container": {"type": "view", "view_id": view.id},
        "view": shapes.view(view) | {"state": {"values": state}},
        "actions": [action],
    }


def picked(who: User, message: Message, callback_id: str, response_url: str, trigger: str) -> Json:
    """A message shortcut."""
    return _interaction("message_action", who, trigger) | {
        "action_ts": who.workspace.world.ids.ts(),
        "callback_id": callback_id,
        "channel": _channel(message.channel),
        "message_ts": message.ts,
        "message": shapes.message(message),
        "response_url": response_url,
    }


def started(who: User, callback_id: str, trigger: str) -> Json:
    """A global shortcut."""
    more = {"action_ts": who.workspace.world.ids.ts(), "callback_id": callback_id}
    return _interaction("shortcut", who, trigger) | more


def submitted(who: User, view: View, state: Json, trigger: str) -> Json:
    """A form that was sent. From a stranger, the outer team is their own; the view names the one with the app."""
    payload = _interaction("view_submission", who, trigger)
    if who.is_stranger:
        payload["team"] = {"id": who.team, "domain": "elsewhere"}
    more = {"view": shapes.view(view) | {"state": {"values": state}}, "response_urls": []}
    return payload | more


def action_of(button: Json, ts: str) -> Json:
    """What is told of a pressed button."""
    keys = ("type", "block_id", "action_id", "text", "value", "style")
    found: Json = {key: button[key] for key in keys if key in button}
    return found | {"action_ts": ts}


def home_opened(who: User, channel: Channel, tab: str, view: View | None) -> Json:
    event: dict[str, Any] = {"type": "app_home_opened", "user": who.id, "channel": channel.id, "tab": tab}
    event["event_ts"] = who.workspace.world.ids.ts()
    return event if view is None else event | {"view": shapes.view(view)}


def reacted(who: User, message: Message, name: str, ts: str, *, is_added: bool) -> Json:
    item = {"type": "message", "channel": message.channel.id, "ts": message.ts}
    kind = "reaction_added" if is_added else "reaction_removed"
    return {"type": kind, "user": who.id, "reaction": name, "item": item, "item_user": message.user.id, "event_ts": ts}
