"""The local Slack, proved with a bare slack-bolt app."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.doubles.slack import schema
from tests.doubles.slack.errors import ImpossibleError, Json
from tests.doubles.slack.people import Person, Shop
from tests.doubles.slack.server import Double, slack_double
from tests.doubles.slack.sockets import Socket
from tests.doubles.slack.world import Channel, Message

BUTTON = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Press"}, "value": "v1"}
ROW = {"type": "actions", "elements": [BUTTON]}
INPUT = {
    "type": "input",
    "block_id": "why",
    "label": {"type": "plain_text", "text": "Why"},
    "element": {"type": "plain_text_input", "action_id": "x"},
}
MODAL: Json = {
    "type": "modal",
    "callback_id": "desk",
    "title": {"type": "plain_text", "text": "Ticket"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [INPUT],
}


ANYTHING = re.compile(".*")
ANY_OTHER = re.compile("^(?!message$|app_mention$|reaction_added$|app_home_opened$|channel_id_changed$).*$")


class Bare:
    """An app that notes what it hears, and does what a test gives it to do."""

    def __init__(self, slack: Double, token: str) -> None:
        client = AsyncWebClient(token=token, base_url=slack.api_url, retry_handlers=[])
        self.client = client
        self.app = AsyncApp(
            client=client,
            signing_secret=slack.app.signing_secret,
            process_before_response=True,
            ignoring_self_events_enabled=False,
            request_verification_enabled=True,
        )
        self.heard: list[Json] = []
        self.react: Callable[..., Any] | None = None
        for kind in ("message", "app_mention", "reaction_added", "app_home_opened", "channel_id_changed"):
            self.app.event(kind)(self._hear)
        self.app.event(ANY_OTHER)(self._hear)
        self.app.command(ANYTHING)(self._ask)
        self.app.action(ANYTHING)(self._ask)
        self.app.shortcut(ANYTHING)(self._ask)
        self.app.view(ANYTHING)(self._ask)

    async def _hear(self, body: Json) -> None:
        self.heard.append(body)

    async def _ask(self, ack: Any, body: Json, client: AsyncWebClient) -> None:
        self.heard.append(body)
        if self.react is None:
            await ack()
        else:
            await self.react(ack, body, client)

    def events(self, kind: str = "message") -> list[Json]:
        return [body["event"] for body in self.heard if body.get("event", {}).get("type") == kind]


@asynccontextmanager
async def by_socket(slack: Double, shop: Shop, sockets: int = 1) -> AsyncIterator[Bare]:
    bare = Bare(slack, slack.token(shop))
    client = AsyncWebClient(base_url=slack.api_url)
    handlers = [
        AsyncSocketModeHandler(bare.app, slack.app.app_token, web_client=client, ping_interval=0.2)
        for _ in range(sockets)
    ]
    for handler in handlers:
        await handler.connect_async()  # type: ignore[no-untyped-call]
    await slack.until_connected(sockets)
    try:
        yield bare
    finally:
        for handler in handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]
            await handler.client.aiohttp_client_session.close()


@asynccontextmanager
async def by_http(slack: Double, shop: Shop, doors: int = 1) -> AsyncIterator[Bare]:
    bare = Bare(slack, slack.token(shop))

    async def serve(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bare.app.async_dispatch(await to_bolt_request(request)))

    urls, runners = [], []
    for _ in range(doors):
        site_app = web.Application()
        site_app.router.add_post("/slack/events", serve)
        runner = web.AppRunner(site_app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
        runners.append(runner)
    slack.use_http(*urls)
    try:
        yield bare
    finally:
        for runner in runners:
            await runner.cleanup()


@pytest.fixture
async def slack() -> AsyncIterator[Double]:
    async with slack_double() as started:
        yield started


@pytest.fixture
def shop(slack: Double) -> Shop:
    return slack.add_workspace("Shop")


@pytest.fixture
def support(shop: Shop) -> Channel:
    return shop.add_channel("support")


@pytest.fixture
def emma(shop: Shop) -> Person:
    return shop.add_person("emma", locale="de-DE")


@pytest.fixture
async def client(slack: Double, shop: Shop) -> AsyncIterator[AsyncWebClient]:
    """A client of the Web API alone."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token=slack.token(shop), base_url=slack.api_url, session=session, retry_handlers=[])


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as refusal:
        await call
    return str(refusal.value.response["error"])


# --- deliveries --------------------------------------------------------------------------------------


@pytest.fixture(params=[by_socket, by_http], ids=["sockets", "http"])
def way(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_messages_are_told_edited_and_deleted(
    slack: Double, shop: Shop, support: Channel, emma: Person, way: Any
) -> None:
    async with way(slack, shop) as bare:
        message = emma.says(support, "a < b", mentions_bot=True)
        await slack.delivered()
        emma.edits(message, "a > b")
        await slack.delivered()
        emma.deletes(message)
        await slack.delivered()
        first, changed, deleted = bare.events()
        assert first["text"] == f"{shop.bot.mention} a &lt; b"
        assert bare.events("app_mention")[0]["ts"] == first["ts"] == message.ts
        assert changed["message"]["text"] == "a &gt; b"
        assert changed["message"]["edited"]["user"] == emma.id
        assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", message.ts)
        ids = [body["event_id"] for body in bare.heard]
        assert len(set(ids)) == 4


async def test_a_command_is_answered_by_the_acknowledgement_and_the_response_address(
    slack: Double, shop: Shop, support: Channel, emma: Person, way: Any
) -> None:
    async with way(slack, shop) as bare:

        async def react(ack: Any, body: Json, _client: AsyncWebClient) -> None:
            assert (body["command"], body["text"], body["channel_name"]) == ("/claim", "12", "support")
            async with aiohttp.ClientSession() as session:
                await session.post(body["response_url"], json={"text": "second"})
            await ack(text="first")

        bare.react = react
        answer = await emma.uses(support, "/claim 12")
        assert sorted(answer.text.splitlines()) == ["first", "second"]
        assert not answer.failed
        assert {message.text for message in emma.ephemerals} == {"first", "second"}
        assert support.messages == []


async def test_a_button_opens_a_form_which_is_sent_back(
    slack: Double, shop: Shop, support: Channel, emma: Person, way: Any
) -> None:
    async with way(slack, shop) as bare:
        sent = await bare.client.chat_postMessage(channel=support.id, text="Hello", blocks=[ROW])
        await slack.delivered()

        async def react(ack: Any, body: Json, client: AsyncWebClient) -> None:
            if body["type"] == "block_actions":
                assert body["actions"][0]["value"] == "v1"
                assert body["message"]["ts"] == body["container"]["message_ts"] == sent["ts"]
                await client.views_open(trigger_id=body["trigger_id"], view=MODAL)
                await ack()
            elif body["view"]["state"]["values"]["why"]["x"]["value"] == "because":
                await ack(response_action="errors", errors={"why": "no reason"})
            else:
                await ack(response_action="clear")

        bare.react = react
        answer = await emma.presses(support.messages[0], "Press")
        with pytest.raises(ImpossibleError):
            await emma.fills_in(answer, {"Why": ""})
        wrong = await emma.fills_in(answer, {"Why": "because"})
        assert wrong.errors == {"why": "no reason"}
        assert emma.modals == [answer.modal]
        await emma.fills_in(answer, {"Why": "it broke"})
        assert emma.modals == []


async def test_what_is_not_acknowledged_is_told_again(
    slack: Double, shop: Shop, support: Channel, emma: Person, way: Any
) -> None:
    slack.deliveries.retry_waits = (0.0, 0.05, 0.05)
    async with way(slack, shop) as bare:
        fails = 2

        async def broken(next: Any) -> None:  # noqa: A002 (bolt gives it by this name)
            nonlocal fails
            fails -= 1
            if fails >= 0:
                raise RuntimeError("the database is away")
            await next()

        bare.app.middleware(broken)
        slack.sockets.ack_seconds = 0.1
        emma.says(support, "help")
        await slack.delivered()
        (delivery,) = slack.deliveries.of("message")
        assert [attempt.number for attempt in delivery.attempts] == [0, 1, 2]
        assert delivery.attempts[1].reason in {"timeout", "http_error"}
        assert len(bare.events()) == 1
        slack.deliveries.again(delivery)
        await slack.delivered()
        assert bare.heard[0]["event_id"] == bare.heard[1]["event_id"]


async def test_two_sockets_share_the_work_and_one_that_is_silent_loses_nothing(
    slack: Double, shop: Shop, support: Channel, emma: Person
) -> None:
    slack.sockets.ack_seconds = 0.2
    async with by_socket(slack, shop, sockets=2) as bare:
        for number in range(4):
            emma.says(support, f"message {number}")
        await slack.delivered()
        assert [len(socket.given) for socket in slack.sockets.live] == [2, 2]
        silent = slack.sockets.live[0]
        silent.is_silent = True
        for number in range(4, 8):
            emma.says(support, f"message {number}")
        await slack.delivered()
        silent.drop()
        assert {event["text"] for event in bare.events()} == {f"message {number}" for number in range(8)}


async def test_a_silent_socket_answers_not_even_a_good_bye(slack: Double, shop: Shop) -> None:
    async with aiohttp.ClientSession() as session:
        connection = await session.ws_connect(slack.sockets.new_url(), autoping=False)
        assert (await connection.receive_json())["type"] == "hello"
        await connection.ping()
        assert (await connection.receive(1)).type is aiohttp.WSMsgType.PONG
        slack.sockets.live[0].is_silent = True
        await connection.ping()
        with pytest.raises(TimeoutError):
            await connection.receive(0.1)
        assert slack.sockets.live
        assert (await session.get(slack.sockets.new_url().replace("ticket=", "ticket=no"))).status == 404


async def test_sockets_are_refreshed_and_dropped(slack: Double, shop: Shop, support: Channel, emma: Person) -> None:
    async with by_socket(slack, shop) as bare:
        for happens in (slack.sockets.refresh, slack.sockets.warn, _drop):
            old = slack.sockets.live[0]
            await happens(old)
            await _until_replaced(slack, old)
        emma.says(support, "still there?")
        await slack.until(bare.events)


async def _drop(socket: Socket) -> None:
    socket.drop()


async def _until_replaced(slack: Double, old: Socket) -> None:
    await slack.until(lambda: slack.sockets.live and old not in slack.sockets.live)


async def test_signatures_are_right_and_can_be_forged(slack: Double, shop: Shop) -> None:
    async with by_http(slack, shop, doors=2) as bare:
        assert slack.webhooks is not None
        knock = slack.webhooks.knock
        assert await slack.webhooks.verify_address()
        assert await slack.webhooks.check_tls() == 200
        body = b'{"type": "event_callback", "event": {"type": "message"}}'
        assert (await knock(body)).status == 200
        assert (await knock(body, secret="other")).status == 401
        assert (await knock(body, timestamp="1500000000")).status == 401
        assert (await knock(body, signature=None)).status == 401
        assert len(bare.heard) == 1


async def test_a_slow_app_has_not_responded(slack: Double, shop: Shop, support: Channel, emma: Person) -> None:
    slack.sockets.ack_seconds = 0.05
    async with by_socket(slack, shop) as bare:

        async def react(ack: Any, _body: Json, _client: AsyncWebClient) -> None:
            await asyncio.sleep(0.1)
            await ack(text="too late")

        bare.react = react
        answer = await emma.uses(support, "/claim")
        assert answer.failed
        assert answer.text == ""


async def test_many_events_at_once(slack: Double, shop: Shop, support: Channel, emma: Person, way: Any) -> None:
    async with way(slack, shop) as bare:
        for number in range(300):
            emma.says(support, f"message {number}")
        await slack.delivered()
        assert len(bare.events()) == 300
        assert all(len(delivery.attempts) == 1 for delivery in slack.deliveries.all)


# --- messages ----------------------------------------------------------------------------------------


async def test_messages_are_posted_changed_and_found_again(support: Channel, client: AsyncWebClient) -> None:
    metadata = {"event_type": "effect", "event_payload": {"nonce": "n1"}}
    first = await client.chat_postMessage(channel=support.id, text="one", metadata=metadata)
    await client.chat_postMessage(channel=support.id, text="two", thread_ts=first["ts"])
    changed = await client.chat_update(channel=support.id, ts=first["ts"], text="uno", blocks=[ROW])
    assert changed["message"]["edited"]
    assert await refused(client.chat_update(channel=support.id, ts="1.0", text="x")) == "message_not_found"
    replies = await client.conversations_replies(channel=support.id, ts=first["ts"], include_all_metadata=True)
    assert [message["text"] for message in replies["messages"]] == ["uno", "two"]
    assert replies["messages"][0]["metadata"] == metadata
    history = await client.conversations_history(channel=support.id)
    assert ["metadata" in message for message in history["messages"]] == [False]
    await client.chat_delete(channel=support.id, ts=first["ts"])
    assert support.messages[0].is_tombstone
    with_file = await client.files_upload_v2(channel=support.id, filename="a.txt", content="hello")
    assert with_file["file"]["size"] == 5
    assert support.messages[-1].files[0].content == b"hello"


async def test_under_a_deleted_root_it_lands_in_the_channel(
    support: Channel, emma: Person, client: AsyncWebClient
) -> None:
    root = emma.says(support, "help")
    emma.deletes(root)
    posted = await client.chat_postMessage(channel=support.id, text="hello", thread_ts=root.ts)
    assert "thread_ts" not in posted["message"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Channel.archive, "is_archived"),
        (Channel.delete, "channel_not_found"),
        (Channel.remove_bot, "not_in_channel"),
        (Channel.change_id, "channel_not_found"),
    ],
)
async def test_places_that_cannot_be_written_to(
    support: Channel, client: AsyncWebClient, change: Callable[[Channel], object], code: str
) -> None:
    id_ = support.id
    change(support)
    assert await refused(client.chat_postMessage(channel=id_, text="x")) == code


async def test_private_channels_are_unknown_from_outside(shop: Shop, client: AsyncWebClient) -> None:
    agents = shop.add_channel("agents", private=True, has_bot=False)
    assert await refused(client.chat_postMessage(channel=agents.id, text="x")) == "channel_not_found"


async def test_direct_messages(shop: Shop, emma: Person, client: AsyncWebClient) -> None:
    opened = await client.conversations_open(users=emma.id)
    await client.chat_postMessage(channel=opened["channel"]["id"], text="hello")
    await client.chat_postMessage(channel=emma.id, text="again")
    assert [message.text for message in emma.direct.messages] == ["hello", "again"]
    assert await refused(client.conversations_open(users=shop.bot.id)) == "cannot_dm_bot"


TOO_MUCH: list[tuple[str, list[Json]]] = [
    ("x", [{"type": "section", "text": {"type": "mrkdwn", "text": "y" * 3_001}}]),
    ("x", [{"type": "header", "text": {"type": "plain_text", "text": "y" * 151}}]),
    ("x", [{"type": "divider"}] * 51),
    ("", [{"type": "divider"}]),
    ("x", [{"type": "actions", "elements": [BUTTON, BUTTON]}]),
    ("x", [{"type": "actions", "elements": [BUTTON | {"value": "y" * 2_001}]}]),
    ("x", [{"type": "actions", "elements": [BUTTON | {"style": "green"}]}]),
    ("x", [{"type": "section", "text": {"type": "mrkdwn", "text": "a & b"}}]),
    ("<!channel>", []),
]


@pytest.mark.parametrize(("text", "blocks"), TOO_MUCH)
async def test_what_slack_would_not_take_is_refused_and_remembered(
    slack: Double, support: Channel, client: AsyncWebClient, text: str, blocks: list[Json]
) -> None:
    message = {"channel": support.id, "text": text, "blocks": blocks}
    assert await refused(client.api_call("chat.postMessage", json=message)) == "invalid_blocks"
    assert slack.complaints
    slack.complaints.clear()


@pytest.mark.skipif(not schema.at_hand(), reason="Slack's own descriptions are not at hand (../shared/schemas)")
async def test_what_slacks_types_do_not_know_is_refused(
    slack: Double, support: Channel, client: AsyncWebClient
) -> None:
    divider = {"type": "divider", "colour": "red"}
    call = client.api_call("chat.postMessage", json={"channel": support.id, "text": "x", "blocks": [divider]})
    assert await refused(call) == "invalid_blocks"
    assert "colour" in slack.complaints.pop()


# --- views -------------------------------------------------------------------------------------------


async def test_triggers_open_one_form_and_soon(slack: Double, shop: Shop, emma: Person, client: AsyncWebClient) -> None:
    trigger = shop.world.keys.new_trigger(emma, lambda _view: None)
    assert await refused(client.views_open(trigger_id="1.2.3", view=MODAL)) == "invalid_trigger_id"
    opened = await client.views_open(trigger_id=trigger, view=MODAL)
    assert await refused(client.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    view = opened["view"]
    assert await refused(client.views_update(view_id=view["id"], hash="old", view=MODAL)) == "hash_conflict"
    await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    late = shop.world.keys.new_trigger(emma, lambda _view: None)
    slack.let_pass(4)
    assert await refused(client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"


async def test_the_home_tab(slack: Double, shop: Shop, emma: Person) -> None:
    async with by_socket(slack, shop) as bare:
        assert await emma.opens_home() is None
        await bare.client.views_publish(user_id=emma.id, view={"type": "home", "blocks": [ROW]})
        home = await emma.opens_home()
        assert home is not None
        assert bare.events("app_home_opened")[1]["view"]["id"] == home.id
        await emma.presses(home, "Press")
        assert bare.heard[-1]["container"] == {"type": "view", "view_id": home.id}
        assert "response_url" not in bare.heard[-1]


def entry(label: str, element: Json, **more: Any) -> Json:
    text = {"type": "plain_text", "text": label}
    return {"type": "input", "label": text, "element": element | {"action_id": label}, "block_id": label} | more


def options(*labels: str) -> list[Json]:
    return [{"text": {"type": "plain_text", "text": label}, "value": label.lower()} for label in labels]


async def test_forms_of_all_kinds_of_fields(slack: Double, shop: Shop, support: Channel, emma: Person) -> None:
    agents, group = shop.add_channel("agents", private=True), shop.add_group("Agents")
    groups = [{"text": {"type": "plain_text", "text": group.name}, "value": group.id}]
    only_channels = {"include": ["public", "private"]}
    blocks = [
        entry("Number", {"type": "number_input", "is_decimal_allowed": False, "initial_value": "3"}),
        entry(
            "Mode", {"type": "static_select", "options": options("Auto", "Ask"), "initial_option": options("Ask")[0]}
        ),
        entry("Where", {"type": "multi_conversations_select", "filter": only_channels}),
        entry("Agents' channel", {"type": "conversations_select", "filter": only_channels}),
        entry("Who", {"type": "multi_static_select", "options": groups}),
        entry("People", {"type": "multi_users_select"}, optional=True),
        entry("File", {"type": "file_input", "filetypes": ["yaml"], "max_files": 1}),
    ]
    async with by_socket(slack, shop) as bare:
        trigger = shop.world.keys.new_trigger(emma, lambda _view: None)
        await bare.client.views_open(trigger_id=trigger, view=MODAL | {"blocks": blocks})
        given = {"Where": [support, agents], "Agents' channel": agents, "Who": [group], "File": ("p.yaml", "a: 1")}
        with pytest.raises(ImpossibleError):
            await emma.fills_in(emma.modals[0], given | {"Where": [emma.direct]})
        with pytest.raises(ImpossibleError):
            await emma.fills_in(emma.modals[0], given | {"Number": "many"})
        await emma.fills_in(emma.modals[0], given)
        values = {name: state[name] for name, state in bare.heard[-1]["view"]["state"]["values"].items()}
        assert values["Number"]["value"] == "3"
        assert values["Mode"]["selected_option"]["value"] == "ask"
        assert values["Where"]["selected_conversations"] == [support.id, agents.id]
        assert values["Agents' channel"]["selected_conversation"] == agents.id
        assert [option["value"] for option in values["Who"]["selected_options"]] == [group.id]
        assert values["People"]["selected_users"] == []
        found = await bare.client.files_info(file=values["File"]["files"][0]["id"])
        assert found["file"]["name"] == "p.yaml"


async def test_a_crooked_view_is_refused(slack: Double, shop: Shop, emma: Person, client: AsyncWebClient) -> None:
    for wrong in ({"title": {"type": "plain_text", "text": "x" * 25}}, {"private_metadata": "x" * 3_001}):
        trigger = shop.world.keys.new_trigger(emma, lambda _view: None)
        assert await refused(client.views_open(trigger_id=trigger, view=MODAL | wrong)) == "invalid_arguments"
    assert len(slack.complaints) == 2
    slack.complaints.clear()


# --- faults and limits -------------------------------------------------------------------------------


async def test_faults_before_and_after_the_work(slack: Double, support: Channel, client: AsyncWebClient) -> None:
    slack.limit_next("chat.postMessage", 7)
    with pytest.raises(SlackApiError) as refusal:
        await client.chat_postMessage(channel=support.id, text="x")
    assert refusal.value.response.status_code == 429
    assert refusal.value.response.headers["Retry-After"] == "7"
    slack.fail_next("chat.*", "fatal_error", status=500)
    assert await refused(client.chat_postMessage(channel=support.id, text="x")) == "fatal_error"
    slack.drop_next("chat.postMessage", after_doing=False)
    slack.drop_next("chat.postMessage", after_doing=True)
    for _ in range(2):
        with pytest.raises(aiohttp.ClientError):
            await client.chat_postMessage(channel=support.id, text="once")
    assert [message.text for message in support.messages] == ["once"]


async def test_strict_rates_allow_one_post_a_second(slack: Double, shop: Shop, client: AsyncWebClient) -> None:
    slack.api.rates.is_strict = True
    channels = [shop.add_channel(f"c{number}") for number in range(2)]
    for channel in channels:
        for _ in range(3):
            await client.chat_postMessage(channel=channel.id, text="x")
        assert await refused(client.chat_postMessage(channel=channel.id, text="x")) == "ratelimited"
    assert slack.api.rates.refused == 2


async def test_history_can_be_as_scarce_as_for_distributed_apps(
    slack: Double, support: Channel, client: AsyncWebClient
) -> None:
    slack.api.rates.is_strict, slack.api.rates.history_calls = True, 1
    await client.conversations_history(channel=support.id)
    assert await refused(client.conversations_history(channel=support.id)) == "ratelimited"


async def test_too_many_events_are_told_as_such(slack: Double, shop: Shop) -> None:
    slack.deliveries.retry_waits, slack.sockets.ack_seconds = (), 0.05
    async with by_socket(slack, shop):
        slack.limit_events(shop)
        await slack.delivered()
    (delivery,) = slack.deliveries.of("app_rate_limited")
    assert delivery.payload["minute_rate_limited"] % 60 == 0


async def test_response_addresses_wear_out(slack: Double, shop: Shop, support: Channel, emma: Person) -> None:
    async with by_socket(slack, shop), aiohttp.ClientSession() as session:
        answer = await emma.uses(support, "/claim")
        for status in [200] * 5 + [404]:
            posted = await session.post(answer.response_url, json={"text": "x"})
            assert posted.status == status
        again = await emma.uses(support, "/claim")
        slack.let_pass(1_801)
        assert (await session.post(again.response_url, json={"text": "x"})).status == 404


async def test_an_ephemeral_answer_is_replaced_and_removed(
    slack: Double, shop: Shop, support: Channel, emma: Person
) -> None:
    tom = shop.add_person("tom")
    async with by_socket(slack, shop) as bare, aiohttp.ClientSession() as session:

        async def react(ack: Any, body: Json, _client: AsyncWebClient) -> None:
            if "command" in body:
                await ack(text="choose", blocks=[ROW])
                return
            assert body["container"]["is_ephemeral"] is True
            assert "message" not in body
            change = {"replace_original": True, "text": "chosen", "blocks": [ROW]}
            is_second = emma.ephemerals[0].text == "chosen"
            await session.post(body["response_url"], json={"delete_original": True} if is_second else change)
            await ack()

        bare.react = react
        answer = await emma.uses(support, "/claim")
        with pytest.raises(ImpossibleError):
            await tom.presses(answer, "Press")
        await emma.presses(answer, "Press")
        assert [message.text for message in emma.ephemerals] == ["chosen"]
        await emma.presses(answer, "Press")
        assert emma.ephemerals == []


async def test_public_answers_stand_in_the_channel(slack: Double, shop: Shop, support: Channel, emma: Person) -> None:
    async with by_socket(slack, shop) as bare:

        async def react(ack: Any, _body: Json, _client: AsyncWebClient) -> None:
            await ack(response_type="in_channel", text="for all")

        bare.react = react
        answer = await emma.uses(support, "/policy")
        assert answer.is_public
        assert [message.text for message in support.messages] == ["for all"]


# --- workspaces --------------------------------------------------------------------------------------


async def test_tokens_decide_the_workspace(slack: Double, shop: Shop, client: AsyncWebClient) -> None:
    other = slack.add_workspace("Other")
    assert (await client.auth_test())["team_id"] == shop.id
    assert (await client.auth_test(token=slack.token(other)))["team_id"] == other.id
    assert await refused(client.auth_test(token="xoxb-wrong")) == "invalid_auth"
    shop.revoke_tokens()
    assert await refused(client.auth_test()) == "token_revoked"


async def test_an_organisation_and_its_people(slack: Double) -> None:
    grid = slack.add_workspace("Grid", organisation=True)
    wilma = grid.add_person("wilma")
    support = grid.add_channel("support")
    async with by_socket(slack, grid) as bare:
        assert (await bare.client.auth_test())["is_enterprise_install"] is True
        wilma.says(support, "help")
        await slack.delivered()
        (authorization,) = bare.heard[0]["authorizations"]
        assert (authorization["enterprise_id"], authorization["team_id"]) == (grid.id, None)
        await wilma.uses(support, "/claim")
        assert bare.heard[1]["is_enterprise_install"] == "true"
        assert wilma.id.startswith("W")


async def test_strangers_write_but_have_no_commands(slack: Double, shop: Shop) -> None:
    shared = shop.add_channel("shared", shared=True)
    sara = shop.add_stranger("sara")
    async with by_socket(slack, shop) as bare:
        sara.says(shared, "hello")
        await slack.delivered()
        assert bare.heard[0]["team_id"] == sara.team
        assert bare.heard[0]["authorizations"][0]["team_id"] == shop.id
        with pytest.raises(ImpossibleError):
            await sara.uses(shared, "/claim")
        known = await bare.client.users_info(user=sara.id, include_locale=True)
        assert "locale" not in known["user"]


async def test_user_groups_and_their_absence(slack: Double, shop: Shop, emma: Person, client: AsyncWebClient) -> None:
    shop.add_group("Agents", [emma])
    (group,) = (await client.usergroups_list(include_users=True))["usergroups"]
    assert group["users"] == [emma.id]
    free = slack.add_workspace("Free", has_groups=False)
    assert await refused(client.usergroups_list(token=slack.token(free))) == "plan_upgrade_required"


async def test_installing_and_renewing_tokens(slack: Double, client: AsyncWebClient) -> None:
    other = slack.add_workspace("Other", installed=False)
    tom = other.add_person("tom", owner=True)
    slack.app.rotates_tokens = True
    keys = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret}
    code = slack.consent(tom, ["chat:write", "users:read"], "https://example.com/redirect")
    redirect = {"redirect_uri": "https://example.com/redirect"}
    exchange = "oauth.v2.access"
    first = await client.api_call(exchange, data={"code": code} | keys | redirect)
    assert (first["team"]["id"], first["authed_user"]["id"]) == (other.id, tom.id)
    assert await refused(client.api_call(exchange, data={"code": code} | keys | redirect)) == "invalid_code"
    slack.let_pass(first["expires_in"] + 1)
    assert await refused(client.auth_test(token=first["access_token"])) == "token_expired"
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    renewed = await client.api_call(exchange, data=again | keys)
    assert (await client.auth_test(token=renewed["access_token"]))["ok"]
    assert await refused(client.usergroups_list(token=renewed["access_token"])) == "missing_scope"


async def test_slacks_page_of_consent_sends_back(slack: Double, client: AsyncWebClient) -> None:
    back = "https://example.com/redirect"
    tom = slack.add_workspace("Other", installed=False).add_person("tom", owner=True)
    asked = {"client_id": slack.app.client_id, "scope": "chat:write", "state": "s1", "redirect_uri": back}
    page = slack.world.base_url + "/oauth/v2/authorize"
    async with aiohttp.ClientSession() as browser:
        refusal = await browser.get(page, params=asked, allow_redirects=False)
        assert refusal.headers["Location"] == f"{back}?state=s1&error=access_denied"
        slack.installer = tom
        consent = await browser.get(page, params=asked, allow_redirects=False)
        code = consent.headers["Location"].partition("code=")[2]
        assert (await browser.get(page, params=asked | {"client_id": "1.2"})).status == 400
    keys = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret}
    assert await refused(client.api_call("oauth.v2.access", data={"code": code} | keys)) == "bad_redirect_uri"


async def test_files_are_given_to_the_bot_only(
    slack: Double, shop: Shop, support: Channel, emma: Person, client: AsyncWebClient
) -> None:
    message: Message = emma.says(support, "look", files={"policy.yaml": "a: 1"})
    found = (await client.files_info(file=message.files[0].id))["file"]
    async with aiohttp.ClientSession() as session:
        stranger = await session.get(found["url_private"])
        assert "html" in stranger.content_type
        bot = await session.get(found["url_private"], headers={"Authorization": f"Bearer {slack.token(shop)}"})
        assert await bot.text() == "a: 1"


async def test_what_else_happens_in_a_workspace(slack: Double, shop: Shop, support: Channel, emma: Person) -> None:
    bot = shop.add_bot("other")
    group = shop.add_group("Agents")
    async with by_socket(slack, shop) as bare:
        root = bot.says(support, "old bot", subtype="bot_message")
        reply = emma.says(support, "see https://example.com", under=root, broadcast=True)
        await slack.delivered()
        support.unfurl(reply)
        emma.reacts(reply, "eyes")
        emma.says(shop.between(emma, bot), "the bot is not here")
        group.set_members([emma])
        support.change_id()
        support.remove_bot()
        shop.uninstall()
        await slack.delivered()
        old, broadcast, unfurled = sorted(bare.events(), key=lambda event: float(event["ts"]))
        assert ("user" in old, old["bot_id"]) == (False, bot.bot_id)
        assert (broadcast["subtype"], broadcast["thread_ts"], broadcast["root"]["ts"]) == (
            "thread_broadcast",
            root.ts,
            root.ts,
        )
        assert ("edited" in unfurled["message"], len(unfurled["message"]["attachments"])) == (False, 1)
        assert bare.events("subteam_members_changed")[0]["added_users"] == [emma.id]
        told = {body["event"]["type"] for body in bare.heard}
        assert {"channel_id_changed", "channel_left", "tokens_revoked", "app_uninstalled", "reaction_added"} <= told
        assert await refused(bare.client.auth_test()) == "account_inactive"


async def test_a_manifest_says_what_there_is(slack: Double, shop: Shop, support: Channel, emma: Person) -> None:
    slack.follow(
        {
            "features": {
                "slash_commands": [{"command": "/claim"}],
                "shortcuts": [{"name": "Claim", "type": "message", "callback_id": "claim"}],
            },
            "oauth_config": {"scopes": {"bot": ["commands"]}},
            "settings": {"event_subscriptions": {"bot_events": ["message.im"]}},
        }
    )
    async with by_socket(slack, shop) as bare:
        message = emma.says(support, "not subscribed")
        await emma.picks(message, "claim")
        assert bare.heard[0]["message"]["text"] == "not subscribed"
        for act in (emma.uses(support, "/policy"), emma.starts("claim"), emma.picks(message, "ticket")):
            with pytest.raises(ImpossibleError):
                await act
        assert await refused(bare.client.users_info(user=emma.id)) == "missing_scope"


async def test_the_app_hears_what_it_subscribed_to(slack: Double, shop: Shop, support: Channel, emma: Person) -> None:
    slack.app.events = frozenset({"message.channels"})
    async with by_socket(slack, shop) as bare:
        emma.writes_to_bot("hello")
        message = emma.says(support, "hi", mentions_bot=True)
        emma.reacts(message, "eyes")
        await slack.delivered()
        assert [body["event"]["type"] for body in bare.heard] == ["message"]
