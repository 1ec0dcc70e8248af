"""Files: what somebody hands in with a form, and what we send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import aiohttp

from adapters.slack_chat.workspaces import Workspace
from bot.desk.policy.exchanging import LARGEST_IMPORT
from bot.model import File

_LONGEST_FILE = LARGEST_IMPORT + 1
"""Most characters of a file that are handed on: one too many, so that the desk can tell that it is too long."""
_MOST_BYTES = 4 * _LONGEST_FILE
"""A larger file has more characters than that in any case, so it is not even fetched."""


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
    """What is no UTF-8 comes as replacement characters, of which the desk makes a refusal."""
    client = workspace.client
    about = (await client.files_info(file=file))["file"]
    if about["size"] > _MOST_BYTES:
        return "\N{REPLACEMENT CHARACTER}" * _LONGEST_FILE
    authorization = {"Authorization": f"Bearer {client.token}"}
    async with _session(workspace).get(about["url_private"], headers=authorization) as answer:
        answer.raise_for_status()
        content = await answer.read()
    return content.decode("utf-8", errors="replace")[:_LONGEST_FILE]


async def send_file(workspace: Workspace, channel: str, thread_ts: str | None, file: File) -> None:
    """Put a file into a conversation. Raises SlackApiError, aiohttp.ClientError or OSError.

    The three steps of the SDK's files_upload_v2, which would send a large file in one piece and hold up everything.
    """
    client = workspace.client
    place = await client.files_getUploadURLExternal(
        filename=file.name, length=len(file.data), alt_txt=file.about or None
    )
    async with _session(workspace).post(place["upload_url"], data=BytesIO(file.data)) as answer:
        answer.raise_for_status()
    uploaded = [{"id": place["file_id"], "title": file.name}]
    await client.files_completeUploadExternal(files=uploaded, channel_id=channel, thread_ts=thread_ts)


def _session(workspace: Workspace) -> aiohttp.ClientSession:
    """The one that all clients share."""
    session = workspace.client.session
    if session is None:
        raise ConnectionError("not connected to Slack")
    return session
