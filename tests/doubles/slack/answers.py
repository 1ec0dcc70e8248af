"""What a person asked of the app, and the answer as that person sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.slack import payloads, view_methods
from tests.doubles.slack.deliveries import Deliveries, Delivery, Kind
from tests.doubles.slack.errors import ImpossibleError, Json
from tests.doubles.slack.responses import Responses
from tests.doubles.slack.world import Channel, Message, User, View


@dataclass(eq=False)
class Answer:
    """One act of a person, and all that came of it."""

    user: User
    delivery: Delivery | None = None
    messages: list[Message] = field(default_factory=list)
    """What was said by the acknowledgement and by the response address, in order."""
    views: list[View] = field(default_factory=list)
    """The forms that were opened for it, in order."""
    errors: dict[str, str] = field(default_factory=dict)
    """Why a form was not taken, by block."""
    response_url: str = ""
    trigger_id: str = ""

    @property
    def failed(self) -> bool:
        """Whether the person read that the app did not respond."""
        return self.delivery is not None and self.delivery.is_given_up

    @property
    def seconds(self) -> float:
        """Until the acknowledgement."""
        return 0.0 if self.delivery is None else self.delivery.seconds

    @property
    def body(self) -> Any:
        """What came with the acknowledgement."""
        return None if self.delivery is None else self.delivery.body

    @property
    def text(self) -> str:
        """All that was said, a line each: in messages, and in the forms that are still open."""
        parts = [*(message.shown for message in self.messages), *(view.shown for view in self.views if view.is_open)]
        return "\n".join([*parts, *self.errors.values()])

    @property
    def is_public(self) -> bool:
        return bool(self.messages) and self.messages[0].seen_by is None

    @property
    def modal(self) -> View:
        """The form that was opened last."""
        if not self.views:
            raise ImpossibleError(f"no form was opened, but: {self.text!r}")
        return self.views[-1]

    @property
    def has_modal(self) -> bool:
        return bool(self.views) and self.views[-1].is_open

    @property
    def buttons(self) -> list[str]:
        """The labels of all buttons in it."""
        shown: list[Message | View] = [*self.messages, *self.views]
        return [button["text"]["text"] for each in shown for button in each.buttons]

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait for what comes after the acknowledgement."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds} s; there is {self.text!r}")
            await asyncio.sleep(0.005)


@dataclass(eq=False)
class Asking:
    """How what people ask comes to the app, and its answer to them."""

    deliveries: Deliveries
    responses: Responses

    async def command(self, who: User, channel: Channel, name: str, words: str) -> Answer:
        answer = Answer(who)
        self._address(answer, channel, None)
        trigger = self._trigger(answer, None)
        payload = payloads.command(who, channel, name, words, answer.response_url, trigger)
        body = await self._ask(answer, Kind.COMMAND, payload)
        if body:
            address = who.workspace.world.keys.address_of(answer.response_url)
            self.responses.show(address, body, f"acknowledgement of {name}")
        return answer

    async def press(self, who: User, source: Message | View, button: Json) -> Answer:
        answer = Answer(who)
        action = payloads.action_of(button, who.workspace.world.ids.ts())
        if isinstance(source, View):
            trigger = self._trigger(answer, source)
            payload = payloads.pressed_in_view(who, source, action, {}, trigger)
        else:
            self._address(answer, source.channel, source)
            trigger = self._trigger(answer, None)
            payload = payloads.pressed_in_message(who, source, action, answer.response_url, trigger)
        await self._ask(answer, Kind.INTERACTION, payload)
        return answer

    async def pick(self, who: User, message: Message, callback_id: str) -> Answer:
        answer = Answer(who)
        self._address(answer, message.channel, message)
        trigger = self._trigger(answer, None)
        payload = payloads.picked(who, message, callback_id, answer.response_url, trigger)
        await self._ask(answer, Kind.INTERACTION, payload)
        return answer

    async def start(self, who: User, callback_id: str) -> Answer:
        answer = Answer(who)
        payload = payloads.started(who, callback_id, self._trigger(answer, None))
        await self._ask(answer, Kind.INTERACTION, payload)
        return answer

    async def submit(self, who: User, view: View, state: Json) -> Answer:
        answer = Answer(who)
        payload = payloads.submitted(who, view, state, self._trigger(answer, view))
        body = await self._ask(answer, Kind.INTERACTION, payload)
        if not answer.failed:
            self._react(answer, view, body if isinstance(body, dict) else {})
        return answer

    def _react(self, answer: Answer, view: View, body: Json) -> None:
        """What becomes of a form that was sent."""
        kind = body.get("response_action")
        if kind == "errors":
            answer.errors = dict(body["errors"])
            if unknown := answer.errors.keys() - {block["block_id"] for block in view.data["blocks"]}:
                self.responses.checker.note(f"response_action errors: no block has the ids {sorted(unknown)}")
        elif kind in {"update", "push"}:
            where = f"response_action {kind}"
            if view_methods.problems(self.responses.checker, body["view"], "modal", where):
                return
            if kind == "update":
                view.change(body["view"])
                answer.views.append(view)
            else:
                answer.views.append(view_methods.new_view(view.workspace, answer.user, body["view"], view))
        elif kind == "clear":
            for each in view.workspace.world.stack(answer.user):
                each.is_open = False
        else:
            view.is_open = False

    async def _ask(self, answer: Answer, kind: Kind, payload: Json) -> Any:
        """Send it, and wait for the acknowledgement; what came with it."""
        answer.delivery = self.deliveries.start(kind, payload)
        await answer.delivery.settled.wait()
        return answer.delivery.body

    def _trigger(self, answer: Answer, view: View | None) -> str:
        keys = answer.user.workspace.world.keys
        answer.trigger_id = keys.new_trigger(answer.user, answer.views.append, view)
        return answer.trigger_id

    def _address(self, answer: Answer, channel: Channel, source: Message | None) -> None:
        keys = channel.workspace.world.keys
        answer.response_url = keys.new_address(answer.user, channel, answer.messages.append, source)
