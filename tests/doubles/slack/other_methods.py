"""Methods of the Web API about people, places, files and the app itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from tests.doubles.slack import shapes
from tests.doubles.slack.api import Call, Handler, Methods, adder
from tests.doubles.slack.errors import ApiError, Json
from tests.doubles.slack.message_methods import writable
from tests.doubles.slack.sockets import Sockets
from tests.doubles.slack.world import File, Message, Token, User, Workspace, World

METHODS: Methods = {}
method = adder(METHODS)
TOKEN_SECONDS = 12 * 3600
"""How long a token lives where tokens rotate."""


@method("api.test", "", "error foo", is_open=True)
def api_test(call: Call) -> Json:
    return {"args": call.args} if call.args else {}


@method("auth.test")
def auth_test(call: Call) -> Json:
    workspace = call.workspace
    answer = {
        "url": workspace.url,
        "team": workspace.name,
        "user": workspace.bot.name,
        "team_id": workspace.id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot.bot_id,
        "is_enterprise_install": workspace.is_organisation,
    }
    return answer if workspace.enterprise is None else answer | {"enterprise_id": workspace.enterprise}


@method("auth.revoke", "", "test")
def revoke(call: Call) -> Json:
    call.world.tokens[call.token].is_revoked = True
    return {"revoked": True}


@method("apps.uninstall", "client_id client_secret")
def uninstall(call: Call) -> Json:
    _check_client(call)
    call.workspace.uninstall()
    return {}


# --- people and places -------------------------------------------------------------------------------


@method("users.info", "user", "include_locale", scope="users:read")
def user_info(call: Call) -> Json:
    user = call.workspace.users.get(call.text("user"))
    if user is None:
        raise ApiError("user_not_found")
    return {"user": shapes.user(user, with_locale=call.flag("include_locale"))}


@method("usergroups.list", "", "include_users include_count include_disabled", scope="usergroups:read")
def groups(call: Call) -> Json:
    if call.workspace.is_organisation and not call.text("team_id"):
        raise ApiError("missing_argument", response_metadata={"messages": ["[ERROR] missing required field: team_id"]})
    if not call.workspace.has_groups:
        raise ApiError("plan_upgrade_required")
    found = [each for each in call.workspace.groups.values() if each.is_enabled or call.flag("include_disabled")]
    return {"usergroups": [shapes.group(each, with_users=call.flag("include_users")) for each in found]}


@method("conversations.info", "channel", "include_locale include_num_members", scope="channels:read")
def channel_info(call: Call) -> Json:
    return {"channel": shapes.channel(call.channel())}


@method("conversations.list", "", "types exclude_archived limit cursor", scope="channels:read")
def channels(call: Call) -> Json:
    kinds = (call.text("types") or "public_channel").split(",")
    names = {"channel": "public_channel", "group": "private_channel", "im": "im"}
    found = [
        each
        for each in call.workspace.channels.values()
        if names[each.kind] in kinds
        and not each.is_deleted
        and not (each.is_private and not each.has_bot)
        and not (each.is_archived and call.flag("exclude_archived"))
    ]
    start, limit = int(call.text("cursor") or 0), int(call.text("limit") or 100)
    cursor = str(start + limit) if len(found) > start + limit else ""
    shown = [shapes.channel(each) for each in found[start : start + limit]]
    return {"channels": shown, "response_metadata": {"next_cursor": cursor}}


@method("conversations.open", "", "users channel return_im prevent_creation", scope="im:write")
def open_direct(call: Call) -> Json:
    if call.text("channel"):
        return {"channel": shapes.channel(call.channel()) if call.flag("return_im") else {"id": call.channel().id}}
    user = call.workspace.users.get(call.text("users"))
    if user is None:
        raise ApiError("user_not_found")
    if user.is_bot:
        raise ApiError("cannot_dm_bot")
    if user.is_deleted:
        raise ApiError("user_disabled")
    is_open = any(channel.person is user for channel in call.workspace.channels.values())
    channel = call.workspace.direct(user)
    answer: Json = {"channel": shapes.channel(channel) if call.flag("return_im") else {"id": channel.id}}
    return answer | {"no_op": True, "already_open": True} if is_open else answer


# --- files -------------------------------------------------------------------------------------------


@method("files.info", "file", "count page limit cursor", scope="files:read")
def file_info(call: Call) -> Json:
    file = call.workspace.files.get(call.text("file"))
    if file is None:
        raise ApiError("file_not_found")
    return {"file": shapes.file(file), "comments": [], "response_metadata": {"next_cursor": ""}}


@method("files.getUploadURLExternal", "filename length", "alt_txt snippet_type", scope="files:write")
def upload_url(call: Call) -> Json:
    if int(call.args["length"]) <= 0:
        raise ApiError("invalid_arguments")
    file = call.workspace.store(call.text("filename"), b"", call.workspace.bot)
    return {"upload_url": f"{call.world.base_url}/uploads/{call.workspace.id}-{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", "files", "channel_id channels initial_comment thread_ts", scope="files:write")
def complete_upload(call: Call) -> Json:
    files: list[File] = []
    for each in call.args["files"]:
        file = call.workspace.files.get(each["id"])
        if file is None or not file.content:
            raise ApiError("file_not_found")
        file.title = each.get("title") or file.name
        files.append(file)
    if call.text("channel_id"):
        call.args["channel"] = call.text("channel_id")
        _share(call, files)
    return {"files": [shapes.file(file) for file in files]}


def _share(call: Call, files: list[File]) -> None:
    """Post a message with uploads."""
    channel = writable(call)
    thread_ts = call.text("thread_ts") or None
    words = call.text("initial_comment")
    for file in files:
        file.channels.append(channel.id)
    message = Message(call.world.ids.ts(), channel, call.workspace.bot, words, thread_ts=thread_ts, files=files)
    message.subtype = "file_share"
    channel.keep(message)


# --- installing --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Consent:
    """What somebody agreed to on Slack's own page."""

    workspace: Workspace
    user: User
    scopes: str
    redirect_uri: str


class Codes:
    """Codes of consents, and the tokens by which others are renewed; each works once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.consents: dict[str, Consent] = {}
        self._refreshing: dict[str, Workspace] = {}

    def add(self, consent: Consent) -> str:
        code = secrets.token_hex(16)
        self.consents[code] = consent
        return code

    def exchange(self, call: Call) -> Json:
        """A code, or a refresh token, for a bot token."""
        _check_client(call)
        if call.text("grant_type") == "refresh_token":
            return self._refreshed(call)
        consent = self.consents.pop(call.text("code"), None)
        if consent is None:
            raise ApiError("invalid_code")
        if call.text("redirect_uri") != consent.redirect_uri:
            raise ApiError("bad_redirect_uri")
        workspace = consent.workspace
        workspace.is_installed = True
        workspace.scopes = frozenset(consent.scopes.split(","))
        return self._access(workspace) | {"authed_user": {"id": consent.user.id}}

    def _refreshed(self, call: Call) -> Json:
        workspace = self._refreshing.pop(call.text("refresh_token"), None)
        if workspace is None or not workspace.is_installed:
            raise ApiError("invalid_refresh_token")
        return self._access(workspace)

    def _access(self, workspace: Workspace) -> Json:
        world = self._world
        enterprise = None if workspace.enterprise is None else {"id": workspace.enterprise, "name": workspace.name}
        seconds = TOKEN_SECONDS if world.app.rotates_tokens else None
        access: Json = {
            "app_id": world.app.id,
            "token_type": "bot",
            "access_token": world.new_token(workspace, seconds),
            "scope": ",".join(sorted(workspace.scopes)),
            "bot_user_id": workspace.bot.id,
            "team": None if workspace.is_organisation else {"id": workspace.id, "name": workspace.name},
            "enterprise": enterprise,
            "is_enterprise_install": workspace.is_organisation,
        }
        if seconds is not None:
            refresh = f"xoxe-1-{secrets.token_hex(12)}"
            self._refreshing[refresh] = workspace
            access |= {"refresh_token": refresh, "expires_in": seconds}
        return access


def _check_client(call: Call) -> None:
    app = call.world.app
    if call.text("client_id") != app.client_id:
        raise ApiError("invalid_client_id")
    if call.text("client_secret") != app.client_secret:
        raise ApiError("bad_client_secret")


def with_parts(codes: Codes, sockets: Sockets) -> Methods:
    """These methods, and those that belong to the consents and to the connections."""
    found: Methods = dict(METHODS)
    add = adder(found)
    may = "code redirect_uri grant_type refresh_token client_id client_secret"
    add("oauth.v2.access", "", may, is_open=True)(codes.exchange)
    add("apps.connections.open", is_open=True)(_opening(sockets))
    return found


def _opening(sockets: Sockets) -> Handler:
    def open_connection(call: Call) -> Json:
        if not call.token:
            raise ApiError("not_authed")
        if call.token != call.world.app.app_token:
            raise ApiError("invalid_auth")
        return {"url": sockets.new_url()}

    return open_connection


def token_of(world: World, authorization: str) -> Token | None:
    """The bot token of a header; None if it opens nothing."""
    token = world.tokens.get(authorization.removeprefix("Bearer "))
    return None if token is None or token.is_revoked else token


def file_at(world: World, path: str) -> File | None:
    """The upload with this path."""
    files = (file for workspace in world.workspaces.values() for file in workspace.files.values())
    return next((file for file in files if file.path == path), None)
