"""Response addresses: where an app may answer a person's act for half an hour, five times."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.slack import limits, shapes
from tests.doubles.slack.errors import Json
from tests.doubles.slack.faults import Fault, Faults
from tests.doubles.slack.keys import RESPONSE_SECONDS, RESPONSES, ResponseAddress
from tests.doubles.slack.schema import Checker
from tests.doubles.slack.world import Message, World

PATH = "/responses/{workspace}/{name}"
TAKES = {"text", "blocks", "attachments", "metadata", "mrkdwn", "parse", "link_names", "thread_ts"} | {
    "response_type",
    "replace_original",
    "delete_original",
    "unfurl_links",
    "unfurl_media",
}


@dataclass(slots=True)
class Response:
    """One use of a response address, for tests to look at."""

    body: Json
    at: float
    """Monotonic seconds."""
    status: int


@dataclass(eq=False)
class Responses:
    """All response addresses, and what was said by them."""

    world: World
    checker: Checker
    faults: Faults = field(default_factory=Faults)
    """On order for them, under the method name "response_url"."""
    used: list[Response] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        fault = self.faults.take("response_url")
        if fault is not None and fault.drop and not fault.after_doing:
            return _cut(request)
        if fault is not None and fault.error is not None:
            status = 500 if fault.error.status == 200 else fault.error.status
            return self._noted(body, web.Response(status=status, headers=fault.error.headers))
        answer = self._noted(body, self._use(self.world.keys.addresses.get(request.match_info["name"]), body))
        return _cut(request) if fault is not None and fault.drop else await _late(answer, fault)

    def _noted(self, body: Json, answer: web.Response) -> web.Response:
        self.used.append(Response(body, time.monotonic(), answer.status))
        return answer

    def _use(self, address: ResponseAddress | None, body: Json) -> web.Response:
        if address is None or self.world.ids.now() - address.at > RESPONSE_SECONDS:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if address.uses >= RESPONSES:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        address.uses += 1
        if unknown := body.keys() - TAKES:
            self.checker.note(f"response_url: takes no {', '.join(sorted(unknown))}")
        if not self.show(address, body, "response_url"):
            return web.json_response({"ok": False, "error": "invalid_blocks"}, status=400)
        return web.json_response({"ok": True})

    def show(self, address: ResponseAddress, body: Any, where: str) -> bool:
        """Let people see an answer; False if Slack does not take it."""
        content: Json = {"text": body} if isinstance(body, str) else body
        if content.get("delete_original"):
            return self._remove(address)
        text, blocks = content.get("text") or "", content.get("blocks") or []
        problems = limits.problems_of_message(text, blocks) if text or blocks else ["no text"]
        if problem := self.checker.problem_of_blocks(blocks):
            problems.append(problem)
        if limits.total_of(blocks) > limits.LONGEST_TOTAL:
            problems.append(f"{limits.total_of(blocks)} characters in blocks")
        for problem in problems:
            self.checker.note(f"{where}: {problem}")
        if problems:
            return False
        blocks = shapes.with_ids({"blocks": blocks}, self.world.ids)["blocks"]
        if content.get("replace_original") and address.source is not None:
            self._replace(address.source, text, blocks)
            address.shown(address.source)
        else:
            self._say(address, content, text, blocks)
        return True

    def _say(self, address: ResponseAddress, content: Json, text: str, blocks: list[Json]) -> None:
        channel, root = address.channel, content.get("thread_ts")
        is_public = content.get("response_type") == "in_channel"
        seen_by = None if is_public else address.user
        bot = channel.workspace.bot
        message = Message(self.world.ids.ts(), channel, bot, text, blocks, root, seen_by=seen_by)
        if is_public:
            channel.keep(message)
        else:
            channel.workspace.ephemerals.append(message)
        address.shown(message)

    def _replace(self, source: Message, text: str, blocks: list[Json]) -> None:
        if source.seen_by is None:
            source.channel.edit(source, text=text, blocks=blocks)
        else:
            source.text, source.blocks = text, blocks

    def _remove(self, address: ResponseAddress) -> bool:
        source = address.source
        if source is not None and source.seen_by is None:
            source.channel.remove(source)
        elif source is not None:
            source.is_deleted = True
            source.workspace.ephemerals.remove(source)
        return True


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _late(answer: web.Response, fault: Fault | None) -> web.Response:
    if fault is not None:
        await asyncio.sleep(fault.delay)
    return answer
