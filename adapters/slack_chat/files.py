"""Files: what somebody hands in with a form, and what we send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import aiohttp
from yarl import URL

from adapters.slack_chat.nonsense import reading_answer, word
from adapters.slack_chat.workspaces import Workspace
from bot.desk.policy.exchanging import LARGEST_IMPORT
from bot.model import File

_LONGEST_FILE = LARGEST_IMPORT + 1
"""Most characters of a file that are handed on: one too many, so that the desk can tell that it is too long."""
_MOST_BYTES = 4 * _LONGEST_FILE
"""A larger file has more characters than that in any case, so it is not even fetched."""
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""Of which the desk makes a refusal."""
_ABROAD = frozenset({"external", "remote"})
"""How Slack calls files that it only points to."""


async def with_texts(workspace: Workspace, view: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """What was filled into a form, with the texts of files in the place of their ids.

    Raises SlackApiError, aiohttp.ClientError or OSError if a file cannot be read.
    """
    files = set(_files_in(view))
    return {name: await _text_of(workspace, value) if value in files else value for name, value in values.items()}


def _files_in(view: Mapping[str, Any]) -> Iterator[str]:
    """Ids of the files that stand in a form; nothing else in it is taken for one."""
    for block in view["state"]["values"].values():
        for given in block.values():
            yield from (file["id"] for file in given.get("files") or ())


async def _text_of(workspace: Workspace, file: str) -> str:
    """What is no UTF-8, and what does not lie with Slack, comes as replacement characters."""
    with reading_answer():
        about = (await workspace.client.files_info(file=file))["file"]
        size, url = int(about.get("size") or 0), URL(about["url_private"])
        is_abroad = bool(about.get("is_external")) or about.get("mode") in _ABROAD
    if is_abroad or not _is_slacks(url, URL(workspace.client.base_url)):
        return _UNREADABLE
    content = await _fetched(workspace, url) if size <= _MOST_BYTES else None
    return _UNREADABLE * _LONGEST_FILE if content is None else content.decode(errors="replace")[:_LONGEST_FILE]


def _is_slacks(url: URL, api: URL) -> bool:
    """Whether our token may be shown there."""
    is_at_home = url.scheme == "https" and (url.host or "").endswith(".slack.com")
    return is_at_home or url.origin() == api.origin()


async def _fetched(workspace: Workspace, url: URL) -> bytes | None:
    """None if it is too large, whatever Slack has told of it."""
    authorization = {"Authorization": f"Bearer {workspace.client.token}"}
    content = bytearray()
    async with _session(workspace).get(url, headers=authorization) as answer:
        answer.raise_for_status()
        async for chunk in answer.content.iter_any():
            content += chunk
            if len(content) > _MOST_BYTES:
                return None
    return bytes(content)


async def send_file(workspace: Workspace, channel: str, thread_ts: str | None, file: File) -> None:
    """Put a file into a conversation. Raises SlackApiError, aiohttp.ClientError or OSError.

    The three steps of the SDK's files_upload_v2, which would send a large file in one piece and hold up everything.
    """
    client = workspace.client
    with reading_answer():
        place = await client.files_getUploadURLExternal(
            filename=file.name, length=len(file.data), alt_txt=file.about or None
        )
        url, id_ = word(place["upload_url"]), word(place["file_id"])
    async with _session(workspace).post(url, data=BytesIO(file.data)) as answer:
        answer.raise_for_status()
    uploaded: list[dict[str, str | None]] = [{"id": id_, "title": file.name}]
    await client.files_completeUploadExternal(files=uploaded, channel_id=channel, thread_ts=thread_ts)


def _session(workspace: Workspace) -> aiohttp.ClientSession:
    """The one that all clients share."""
    session = workspace.client.session
    if session is None:
        raise ConnectionError("not connected to Slack")
    return session
