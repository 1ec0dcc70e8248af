"""What windows say and are told."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from adapters.web_chat import show
from adapters.web_chat.people import SERVER
from adapters.web_chat.rooms import Message
from bot.desk.commands import COMMANDS
from bot.model import (
    Block,
    BlockKind,
    CloseThread,
    CommandUsed,
    Content,
    Done,
    Event,
    Field,
    FieldKind,
    File,
    Form,
    FormSent,
    Language,
    Mention,
    MessageDeleted,
    MessageEdited,
    MessagePicked,
    MessagePosted,
    OpenThread,
    Reply,
    Say,
    ServerSettings,
    Wish,
)
from bot.texts import paragraph, text
from tests.web_chat.conftest import Playground, Start

NASTY = "<script>alert(1)</script> <img src=x onerror=alert(1)> &amp; \u202eevil\ue0000\ue001"


def content(words: str = "Hello") -> Content:
    return Content(Language.EN, (paragraph(words),))


def say(words: str, channel: str = "support", thread: str | None = None) -> Say:
    return Say(server=SERVER, channel=channel, thread=thread, content=content(words))


async def test_a_message_is_shown_to_all_and_told_to_the_desk(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        tom, _ = await playground.open("tom")
        assert (await emma.do("write", channel="support", text="Help"))["type"] == "done"
        told = await tom.hear("message")
        (event,) = playground.desk.told
        assert isinstance(event, MessagePosted)
        assert event.person.name == "Emma"
        assert told["message"]["id"] == event.message
        assert told["message"]["text"] == "Help"


async def test_the_same_action_told_twice_is_one_message_with_one_key(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        for _ in range(2):
            await emma.do("write", id="lost-and-told-again", channel="support", text="Help")
        first, second = playground.desk.told
        assert isinstance(first, MessagePosted)
        assert first == second
        _, state = await playground.open("jonas")
        assert [message["text"] for message in state["messages"]] == ["Help"]


async def test_the_agents_channel_is_hidden_from_customers(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        aylin, _ = await playground.open("aylin")
        await aylin.do("write", channel="agents", text="Emma is in a hurry")
        await playground.chat.perform(say("3 waiting", "agents"), "board:1")
        await playground.chat.perform(say("An enquiry", "sales"), "n:2")
        await playground.chat.perform(say("Hello all"), "n:3")
        await emma.hear("message")
        assert "agents" not in json.dumps(emma.heard[1:])
        assert "sales" not in json.dumps(emma.heard[1:])
        _, customers = await playground.open("emma")
        _, agents = await playground.open("marek")
        assert [channel["id"] for channel in customers["channels"]] == ["support", "general"]
        assert customers["board"] is None
        assert agents["board"]["content"]["blocks"][0]["html"] == "<bdi>3 waiting</bdi>"
        for kind, fields in (
            ("write", {"text": "psst"}),
            ("write", {"text": "/claim"}),
            ("press", {"action": "claim:next"}),
            ("fill", {"form": "f", "values": {}}),
        ):
            assert (await emma.do(kind, channel="agents", **fields))["reason"] == "unknown_place"
        assert len(playground.desk.told) == 1, "the desk hears of none of it"


async def test_customers_cannot_look_into_an_agents_thread(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        opening = OpenThread(server=SERVER, channel="agents", message=None, name="Quiet", opening=content())
        outcome = await playground.chat.perform(opening, "1")
        assert isinstance(outcome, Done)
        for channel in ("agents", "support"):
            assert (await emma.do("look", channel=channel, thread=outcome.thread))["reason"] == "unknown_place"


async def open_private(playground: Playground, customer: str) -> str:
    """A private thread for a customer, as the desk opens it: the id of it."""
    effect = OpenThread(server=SERVER, channel="support", message=None, name="#7 secret title", is_private=True)
    outcome = await playground.chat.perform(effect, "1")
    assert isinstance(outcome, Done)
    assert outcome.thread
    receipt = Content(
        Language.EN, (paragraph(text("receipt-none", person=Mention(customer))), paragraph("secret word"))
    )
    await playground.chat.perform(Say(server=SERVER, channel="support", thread=outcome.thread, content=receipt), "2")
    return outcome.thread


async def test_a_private_thread_is_between_its_customer_and_staff(start: Start) -> None:
    async with start() as playground:
        windows = {name: (await playground.open(name))[0] for name in ("emma", "jonas", "aylin", "marek")}
        emma, jonas = windows["emma"], windows["jonas"]
        thread = await open_private(playground, "emma")
        told = await emma.hear("thread")
        assert (told["thread"]["private"], told["thread"]["count"]) == (True, 1)
        for name in ("emma", "aylin"):
            assert (await windows[name].do("look", channel="support", thread=thread))["type"] == "done"
            history = next(frame for frame in windows[name].heard if frame["type"] == "history")
            assert "secret word" in json.dumps(history)
            written = await windows[name].do("write", channel="support", thread=thread, text=f"secret of {name}")
            assert written["type"] == "done"
        await windows["marek"].hear("thread")
        await playground.chat.perform(say("secret end", thread=thread), "3")
        await playground.chat.perform(CloseThread(server=SERVER, channel="support", thread=thread), "4")
        await playground.chat.perform(say("Hello all"), "5")
        await jonas.hear("message")
        _, anew = await playground.open("jonas")
        for heard in (jonas.heard[1:], anew["threads"], anew["messages"], anew["seen"]):
            assert "secret" not in json.dumps(heard)
            assert thread not in json.dumps(heard)
        for name in ("emma", "aylin", "marek"):
            _, state = await playground.open(name)
            assert [(one["id"], one["private"]) for one in state["threads"]] == [(thread, True)]


async def test_nobody_else_can_do_anything_in_a_private_thread(start: Start) -> None:
    async with start() as playground:
        jonas, _ = await playground.open("jonas")
        emma, _ = await playground.open("emma")
        thread = await open_private(playground, "emma")
        written = await emma.do("write", channel="support", thread=thread, text="secret")
        told = len(playground.desk.told)
        for kind, fields in (
            ("look", {}),
            ("write", {"text": "psst"}),
            ("write", {"text": "/close"}),
            ("press", {"action": "close:7"}),
            ("fill", {"form": "f", "values": {}}),
            ("pick", {"message": written["message"], "wish": "covered"}),
            ("edit", {"message": written["message"], "text": "mine"}),
            ("delete", {"message": written["message"]}),
        ):
            refused = await jonas.do(kind, **{"channel": "support", "thread": thread, **fields})
            assert refused["reason"] == "unknown_place"
        assert len(playground.desk.told) == told, "the desk hears of none of it"
        assert "secret" not in json.dumps(jonas.heard[1:])
        assert playground.chat.lacks(SERVER, ServerSettings()) == ()


async def test_a_public_answer_in_a_private_thread_stays_in_it(start: Start) -> None:
    async with start() as playground:
        jonas, _ = await playground.open("jonas")
        emma, _ = await playground.open("emma")
        thread = await open_private(playground, "emma")
        playground.desk.answer = Reply(content("secret last word"), is_public=True)
        await emma.do("write", channel="support", thread=thread, text="/close")
        assert "secret last word" in json.dumps(emma.heard)
        await playground.chat.perform(say("Hello all"), "3")
        await jonas.hear("message")
        assert "secret" not in json.dumps(jonas.heard[1:])


async def test_a_public_answer_is_everybodys_and_shown_once(start: Start) -> None:
    async with start() as playground:
        playground.desk.answer = Reply(content("For all"), is_public=True)
        emma, _ = await playground.open("emma")
        jonas, _ = await playground.open("jonas")
        for _ in range(2):  # as after a lost connection
            done = await emma.do("write", id="lost-and-told-again", channel="support", text="/close")
            assert "answer" not in done
        told = await jonas.hear("message")
        assert told["message"]["author"] == "bot"
        _, state = await playground.open("jonas")
        assert [message["content"]["blocks"][0]["html"] for message in state["messages"]] == ["<bdi>For all</bdi>"]


async def test_a_message_is_picked_where_it_stands(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        aylin, _ = await playground.open("aylin")
        written = await emma.do("write", channel="support", text="@Wartemarke it broke")
        playground.desk.answer = Reply(content("Covered"))
        done = await aylin.do("pick", message=written["message"], wish="private", channel="agents")
        assert done["answer"]["content"]["blocks"][0]["html"] == "<bdi>Covered</bdi>"
        picked = playground.desk.told[-1]
        assert isinstance(picked, MessagePicked)
        assert (picked.wish, picked.text, picked.message) == (Wish.PRIVATE_TICKET, "it broke", written["message"])
        assert (picked.person.id, picked.author.id, picked.channel) == ("aylin", "emma", "support")
        outcome = await playground.chat.perform(say("Ours"), "1")
        assert isinstance(outcome, Done)
        await emma.do("delete", message=written["message"])
        for message in (outcome.message, written["message"], "0000000000000001"):
            refused = await emma.do("pick", message=message, wish="ticket")
            assert refused["reason"] == "unknown_place"


async def test_every_text_is_escaped(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        kinds = (BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.QUOTE, BlockKind.ITEM, BlockKind.NOTE)
        blocks = tuple(Block(kind, NASTY) for kind in kinds)
        effect = Say(server=SERVER, channel="support", content=Content(Language.EN, blocks))
        await playground.chat.perform(effect, "1")
        for block in (await emma.hear("message"))["message"]["content"]["blocks"]:
            assert block["html"].startswith("<bdi>&lt;script&gt;")
            assert block["html"].endswith("evil0</bdi>")
            assert block["html"].count("<") == 2


async def test_private_answers_reach_only_the_window_that_acted(start: Start) -> None:
    async with start() as playground:
        playground.desk.answer = Reply(content("Only for you"))
        emma, _ = await playground.open("emma")
        others = [(await playground.open(person))[0] for person in ("emma", "aylin", "marek")]
        done = await emma.do("write", channel="support", text="/place")
        assert done["answer"]["content"]["blocks"][0]["html"] == "<bdi>Only for you</bdi>"
        await playground.chat.perform(say("the end"), "1")
        for other in others:
            await other.hear("message")
            assert "Only for you" not in json.dumps(other.heard)
        _, later = await playground.open("emma")
        assert "Only for you" not in json.dumps(later), "and they are kept nowhere"


async def test_a_file_comes_whole_and_a_picture_with_what_it_shows(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        for file in (File("waits.png", b"\x89PNG\x00\xff", "Waits"), File("größe.csv", "größe\n".encode())):
            playground.desk.answer = Reply(content(), file=file)
            done = await emma.do("write", channel="support", text="/fairness")
            told = json.loads(done["answer"]["file"])
            assert (told["name"], b64decode(told["data"]), told["about"]) == (file.name, file.data, file.about)


async def test_of_a_file_that_is_too_large_a_window_is_told_only_the_name(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        playground.desk.answer = Reply(content(), file=File("waits.png", bytes(5_000_001)))
        done = await emma.do("write", channel="support", text="/fairness")
        assert json.loads(done["answer"]["file"]) == {"name": "waits.png", "data": None, "about": ""}


async def test_a_picture_for_everybody_is_there_after_a_restart(start: Start) -> None:
    picture = File("waits.png", b"\x89PNG", "Waits")
    async with start() as playground:
        playground.desk.answer = Reply(content("Fair?"), file=picture, is_public=True)
        tom, _ = await playground.open("tom")
        emma, _ = await playground.open("emma")
        await tom.do("write", channel="support", text="/fairness picture")
        told = await emma.hear("message")
        assert json.loads(told["message"]["file"])["about"] == "Waits"
    async with start() as playground:
        _, state = await playground.open("emma")
        (message,) = state["messages"]
        assert b64decode(json.loads(message["file"])["data"]) == picture.data


async def test_people_are_known_with_their_roles_and_others_are_not(start: Start) -> None:
    async with start() as playground:
        tom = await playground.chat.member(SERVER, "tom")
        assert tom is not None
        assert tom.roles == {"agent"}
        assert await playground.chat.member(SERVER, "nobody") is None
        assert await playground.chat.member("web:elsewhere", "tom") is None


async def test_a_private_answer_has_its_place_in_time_and_a_message_is_known_by_its_id(start: Start) -> None:
    async with start() as playground:
        playground.desk.answer = Reply(content())
        emma, _ = await playground.open("emma")
        before = await emma.do("write", channel="support", text="Help")
        private = await emma.do("write", channel="support", text="/place")
        after = await emma.do("write", channel="support", text="Thanks")
        assert before["message"] < private["answer"]["id"] < after["message"]
        assert "message" not in private
        asked, used, _ = playground.desk.told
        assert isinstance(asked, MessagePosted)
        assert before["message"] == asked.message
        assert private["answer"]["at"] == used.at.isoformat()


async def test_everybody_is_shown_their_own_commands_and_can_type_any(start: Start) -> None:
    async with start(commands=COMMANDS) as playground:
        shown = {}
        for person in ("emma", "aylin", "marek"):
            window, state = await playground.open(person)
            shown[person] = {command["name"] for command in state["commands"]}
            await window.do("write", channel="support", text="/setup")
        assert shown["emma"] == {"covered", "ticket", "private", "place", "close", "policy"}
        assert shown["aylin"] == shown["emma"] | {"claim", "release", "correct", "queue", "mine", "behind", "fairness"}
        assert shown["marek"] == {command.name for command in COMMANDS}
        assert len(playground.desk.told) == 3


def test_what_cannot_be_shown_is_logged_without_its_words() -> None:
    secret = "my door code is 4711"
    with capture_logs() as logs:
        shown = show.message(Message("1", "support", None, "bot", content=json.dumps({"blocks": secret})))
    assert shown["content"]["blocks"][0]["html"] == "…"
    (line,) = logs
    assert line["error"] == "ValidationError"
    assert secret not in str(line)


async def test_a_form_offers_the_playgrounds_channels_and_roles_and_comes_back(start: Start) -> None:
    fields = (
        Field("line", text("command-claim")),
        Field("support", text("command-claim"), FieldKind.CHANNELS, value="support general"),
        Field("roles", text("command-claim"), FieldKind.ROLES, required=False),
        Field("mode", text("command-claim"), FieldKind.CHOICE, choices=(("auto", text("mode-auto")),)),
    )

    async def answer(event: Event) -> Reply | None:
        return (
            Reply(form=Form("setup", text("command-setup"), fields, Language.DE))
            if isinstance(event, CommandUsed)
            else None
        )

    async with start() as playground:
        playground.desk.answer = answer
        marek, _ = await playground.open("marek")
        form = (await marek.do("write", channel="general", text="/setup"))["form"]
        assert form["name"] == "setup"
        assert form["language"] == "de"
        line, support, roles, mode = form["fields"]
        assert (line["kind"], line["required"], line["limit"]) == ("line", True, 200)
        assert [value for value, _ in support["choices"]] == ["support", "general", "agents", "sales"]
        assert support["value"] == "support general"
        assert [value for value, _ in roles["choices"]] == ["agent", "moderator"]
        assert mode["choices"][0][0] == "auto"
        await marek.do("fill", channel="general", form="setup", values={"support": "support", "line": "<b>\0"})
        sent = playground.desk.told[-1]
        assert isinstance(sent, FormSent)
        assert sent.values == {"support": "support", "line": "<b>"}


async def test_commands_work_in_threads_and_leave_no_message(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        await emma.do("write", channel="support", text="Help")
        (asked,) = playground.desk.told
        assert isinstance(asked, MessagePosted)
        opening = OpenThread(server=SERVER, channel="support", message=asked.message, name="No. 1")
        await playground.chat.perform(opening, "1")
        await emma.do("write", channel="support", thread=asked.message, text="/close thanks")
        used = playground.desk.told[-1]
        assert isinstance(used, CommandUsed)
        assert (used.name, used.words, used.thread) == ("close", "thanks", asked.message)
        await emma.do("look", channel="support", thread=asked.message)
        history = next(frame for frame in emma.heard if frame["type"] == "history")
        assert [message["text"] for message in history["messages"]] == ["Help"]


async def test_own_messages_can_be_edited_and_deleted_and_nobody_elses(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        jonas, _ = await playground.open("jonas")
        await emma.do("write", channel="support", text="Helb")
        (asked,) = playground.desk.told
        assert isinstance(asked, MessagePosted)
        for kind, fields in (("edit", {"text": "mine"}), ("delete", {})):
            assert (await jonas.do(kind, message=asked.message, **fields))["reason"] == "unknown_place"
        await emma.do("edit", message=asked.message, text="Help")
        edited = playground.desk.told[-1]
        assert isinstance(edited, MessageEdited)
        assert (edited.text, edited.channel) == ("Help", "support")
        assert edited.order > asked.order
        await emma.do("delete", message=asked.message)
        assert isinstance(playground.desk.told[-1], MessageDeleted)
        assert (await emma.do("edit", message=asked.message, text="back"))["reason"] == "unknown_place"
        _, state = await playground.open("emma")
        assert state["messages"][0]["text"] is None


async def test_a_closed_thread_is_shown_as_closed(start: Start) -> None:
    async with start() as playground:
        tom, _ = await playground.open("tom")
        opening = OpenThread(server=SERVER, channel="support", message=None, name="No. 1", opening=content())
        outcome = await playground.chat.perform(opening, "1")
        assert isinstance(outcome, Done)
        await playground.chat.perform(CloseThread(server=SERVER, channel="support", thread=outcome.thread), "2")
        assert not (await tom.hear("thread"))["thread"]["closed"]
        assert (await tom.hear("thread"))["thread"]["closed"]


async def test_a_failing_desk_and_nonsense_leave_the_window_open(start: Start) -> None:
    async def fail(event: Event) -> Reply | None:
        raise RuntimeError(event.key)

    async with start() as playground:
        playground.desk.answer = fail
        emma, _ = await playground.open("emma")
        assert (await emma.do("write", channel="support", text="Help"))["reason"] == "failed"
        await emma.socket.send_str("{nonsense")
        await emma.hear("refused", reason="malformed")
        await emma.socket.send_bytes(b"\xff\xfe")
        await emma.hear("refused", reason="malformed")
        assert (await emma.do("write", channel="support", text="x" * 10_001))["reason"] == "too_long"
        playground.desk.answer = None
        assert (await emma.do("write", channel="support", text="still here"))["type"] == "done"


async def test_a_frame_over_the_limit_closes_that_window_only(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        tom, _ = await playground.open("tom")
        with suppress(ConnectionError):  # it may be closed while the frame is on its way
            await emma.socket.send_str("x" * 10_000_000)
        await asyncio.wait_for(emma.socket.receive(), 3)
        assert emma.socket.closed
        assert (await tom.do("write", channel="general", text="still here"))["type"] == "done"


async def test_a_window_that_speaks_too_fast_is_told_so(start: Start) -> None:
    async with start() as playground:
        emma, _ = await playground.open("emma")
        for number in range(60):
            await emma.socket.send_json({"type": "write", "channel": "general", "text": f"{number}"})
        assert (await emma.hear("refused"))["reason"] == "too_fast"
        assert 40 <= len(playground.desk.told) < 60


async def test_one_slow_person_holds_nobody_up(start: Start) -> None:
    waiting = asyncio.Event()

    async def slow_for_emma(event: Event) -> Reply | None:
        if isinstance(event, MessagePosted) and event.person.id == "emma":
            await waiting.wait()
        return None

    async with start() as playground:
        playground.desk.answer = slow_for_emma
        emma, _ = await playground.open("emma")
        jonas, _ = await playground.open("jonas")
        await emma.socket.send_json({"type": "write", "channel": "support", "text": "first"})
        await jonas.hear("message")
        assert (await jonas.do("write", channel="support", text="second"))["type"] == "done"
        waiting.set()
        await emma.hear("done")


async def test_reading_is_shared_between_a_persons_windows(start: Start) -> None:
    async with start() as playground:
        one, _ = await playground.open("emma")
        other, _ = await playground.open("emma")
        await one.do("saw", place="support", message="0000000000000005")
        assert (await other.hear("seen"))["message"] == "0000000000000005"
        _, state = await playground.open("emma")
        assert state["seen"] == {"support": "0000000000000005"}


async def test_a_restart_keeps_the_rooms(start: Start) -> None:
    async with start() as playground:
        assert len(playground.desk.moved_in) == 2
        emma, _ = await playground.open("emma")
        await emma.do("write", channel="support", text="Help")
        await playground.chat.perform(say("Hello Emma"), "1")
    async with start() as playground:
        assert not playground.desk.moved_in
        _, state = await playground.open("emma")
        assert [message["author"] for message in state["messages"]] == ["emma", "bot"]
        assert isinstance(await playground.chat.perform(say("Hello Emma"), "1"), Done)
        _, state = await playground.open("emma")
        assert len(state["messages"]) == 2


@pytest.mark.parametrize(("person", "language", "hello"), [("jonas", "de", "Senden"), ("emma", "en", "Send")])
async def test_the_page_speaks_the_persons_language(start: Start, person: str, language: str, hello: str) -> None:
    async with start() as playground:
        _, state = await playground.open(person)
        me = next(one for one in state["people"] if one["id"] == person)
        assert (me["language"], state["words"]["send"]) == (language, hello)


async def test_what_the_desk_may_have_missed_is_told_again_after_a_restart(start: Start) -> None:
    async with start() as before:
        emma, _ = await before.open("emma")
        for text in ("first", "second"):
            await emma.do("write", channel="support", text=text)
        first, second = (event for event in before.desk.told if isinstance(event, MessagePosted))
        await emma.do("delete", message=first.message)
    async with start() as after:
        assert [(event.message, event.text, event.order) for event in after.desk.told] == [  # type: ignore[attr-defined]
            (second.message, "second", second.order)
        ]
