"""The platform's own memory: once each, in order, and still there tomorrow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.web_chat.people import SERVER
from adapters.web_chat.rooms import Message, Rooms, Thread, UnknownPlace
from bot.model import CloseThread, Content, Done, Language, Mention, Never, OpenThread, Say
from bot.texts import paragraph, text


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    opened = Rooms(tmp_path / "rooms.sqlite3")
    yield opened
    opened.close()


def words(told: str) -> Content:
    return Content(Language.EN, (paragraph(told),))


def say(
    told: str = "Hello",
    *,
    channel: str = "support",
    thread: str | None = None,
    replaces: str | None = None,
    answers: str | None = None,
) -> Say:
    return Say(server=SERVER, channel=channel, thread=thread, content=words(told), replaces=replaces, answers=answers)


def say_to(*people: str, thread: str) -> Say:
    """A message with mentions, one of them within a text within a text."""
    blocks = tuple(
        paragraph(text("because", person=text("receipt-none", person=Mention(person)), excerpt="")) for person in people
    )
    return Say(server=SERVER, channel="support", thread=thread, content=Content(Language.EN, blocks))


def open_private(rooms: Rooms, nonce: str = "private") -> str:
    outcome, _ = rooms.perform(
        OpenThread(server=SERVER, channel="support", message=None, name="#7", is_private=True), nonce
    )
    assert isinstance(outcome, Done)
    assert outcome.message is None
    assert outcome.thread
    return outcome.thread


def open_thread(message: str | None, opening: Content | None = None) -> OpenThread:
    return OpenThread(server=SERVER, channel="support", message=message, name="No. 1", opening=opening)


def ask(rooms: Rooms, text: str = "Help", nonce: str = "n") -> str:
    return rooms.post("support", None, "emma", text, nonce)[0]


def shown(rooms: Rooms, channel: str = "support") -> list[Message]:
    return rooms.channel(channel)[0]


def test_ids_grow_even_when_the_clock_stands_still_or_goes_back(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rooms.stamp()
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000)
    assert first < rooms.stamp() < rooms.stamp()


def test_a_message_told_twice_is_posted_once(rooms: Rooms) -> None:
    first, changes = rooms.post("support", None, "emma", "Help", "emma:1")
    again, nothing = rooms.post("support", None, "emma", "Help", "emma:1")
    assert (first, nothing) == (again, [])
    assert len(changes) == len(shown(rooms)) == 1


def test_an_effect_performed_twice_happens_once_and_tells_the_same_ids(rooms: Rooms) -> None:
    for effect in (say(), open_thread(None, words("Policy"))):
        nonce = effect.kind
        outcome, changes = rooms.perform(effect, nonce)
        assert isinstance(outcome, Done)
        assert changes
        assert rooms.perform(effect, nonce) == (outcome, [])
    assert len(shown(rooms)) == 2


def test_a_thread_has_the_id_of_its_message_and_opens_once(rooms: Rooms) -> None:
    asked = ask(rooms)
    assert rooms.perform(open_thread(asked), "1")[0] == Done(message=asked, thread=asked)
    assert rooms.perform(open_thread(asked), "2")[0] == Done(message=asked, thread=asked)
    assert [thread.id for thread in rooms.channel("support")[1]] == [asked]


def test_a_thread_without_a_message_hangs_under_our_own(rooms: Rooms) -> None:
    outcome, _ = rooms.perform(open_thread(None, words("The policy")), "1")
    assert isinstance(outcome, Done)
    assert outcome.message == outcome.thread == shown(rooms)[0].id


def test_a_closed_thread_opens_again_when_somebody_writes(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.perform(open_thread(asked), "1")
    close = CloseThread(server=SERVER, channel="support", thread=asked)
    rooms.perform(close, "2")
    assert rooms.thread("support", asked)[0].closed
    rooms.post("support", asked, "emma", "One more thing", "n2")
    assert not rooms.thread("support", asked)[0].closed
    rooms.perform(close, "2")
    assert not rooms.thread("support", asked)[0].closed, "the same effect again must not close it again"


def test_a_message_of_ours_is_edited_in_place_or_said_anew_when_it_is_gone(rooms: Rooms) -> None:
    outcome, _ = rooms.perform(say("one"), "1")
    assert isinstance(outcome, Done)
    assert rooms.perform(say("two", replaces=outcome.message), "2")[0] == outcome
    assert len(shown(rooms)) == 1
    assert shown(rooms)[0].edited
    assert rooms.perform(say("three", replaces="0000000000000001"), "3")[0] != outcome
    assert len(shown(rooms)) == 2


def test_nobody_elses_message_is_replaced(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.perform(say("mine now", replaces=asked), "1")
    assert rooms.find(asked).text == "Help"


@pytest.mark.parametrize(
    "effect",
    [
        say(channel="nowhere"),
        say(thread="0000000000000001"),
        open_thread("0000000000000001"),
        open_thread(None),
        CloseThread(server=SERVER, channel="support", thread="0000000000000001"),
        CloseThread(server=SERVER, channel="support", thread=None),
        Say(server="elsewhere", channel="support", content=words("Hello")),
    ],
)
def test_what_cannot_be_done_says_why_and_leaves_nothing(rooms: Rooms, effect: Say | OpenThread | CloseThread) -> None:
    outcome, changes = rooms.perform(effect, "1")
    assert isinstance(outcome, Never)
    assert outcome.reason
    assert outcome.is_fault
    assert not changes
    assert not shown(rooms)


def test_a_message_taken_back_gets_no_thread_and_is_no_fault(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.delete(asked)
    close = CloseThread(server=SERVER, channel="support", thread=asked)
    for effect in (open_thread(asked), say(thread=asked), close):
        outcome, changes = rooms.perform(effect, effect.kind)
        assert isinstance(outcome, Never)
        assert not outcome.is_fault
        assert not changes
    assert rooms.find(asked).text is None


def test_a_thread_outlives_the_message_that_it_hangs_under(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.perform(open_thread(asked), "1")
    rooms.delete(asked)
    assert isinstance(rooms.perform(say(thread=asked), "2")[0], Done)


def test_the_board_is_the_message_that_the_desk_keeps_as_board(rooms: Rooms) -> None:
    rooms.perform(say("not the board", channel="agents"), "n:1")
    assert rooms.board() is None
    outcome, _ = rooms.perform(say("one", channel="agents"), "board:1")
    assert isinstance(outcome, Done)
    rooms.perform(say("two", channel="agents", replaces=outcome.message), "board:2")
    rooms.perform(say("chatter", channel="agents"), "n:2")
    board = rooms.board()
    assert board
    assert board.id == outcome.message
    assert "two" in (board.content or "")


def test_reading_is_remembered_and_never_goes_back(rooms: Rooms) -> None:
    rooms.see("emma", "support", "0000000000000005")
    rooms.see("emma", "support", "0000000000000003")
    assert rooms.seen("emma") == {"support": "0000000000000005"}
    assert rooms.seen("jonas") == {}


def test_a_threads_summary_counts_what_is_left_and_names_who_is_in_it(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.perform(open_thread(asked), "1")
    rooms.perform(say("Hi", thread=asked), "2")
    gone, _ = rooms.post("support", asked, "tom", "typo", "3")
    (_, summary) = rooms.delete(gone)
    assert isinstance(summary, Thread)
    assert (summary.count, summary.last_author) == (1, "bot")
    assert set(summary.people) == {"emma", "bot", "tom"}


def test_a_private_thread_hangs_under_no_message_and_opens_once(rooms: Rooms) -> None:
    thread = open_private(rooms)
    assert open_private(rooms) == thread
    assert not shown(rooms)
    assert rooms.thread("support", thread)[1] == []
    assert rooms.readers("support", thread) == {"bot"}


def test_whom_the_first_message_in_a_private_thread_mentions_may_read_it_and_nobody_later(rooms: Rooms) -> None:
    thread = open_private(rooms)
    rooms.post("support", thread, "tom", "I am here already", "tom:1")
    _, changes = rooms.perform(say_to("emma", thread=thread), "1")
    assert [change.readers for change in changes] == [{"bot", "emma"}] * 2
    rooms.perform(say_to("jonas", thread=thread), "2")
    assert rooms.readers("support", thread) == {"bot", "emma"}
    summary, messages = rooms.thread("support", thread)
    assert summary.readers == {"bot", "emma"}
    assert len(messages) == 3


def test_a_mention_makes_no_open_thread_private(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.perform(open_thread(asked), "1")
    rooms.perform(say_to("emma", thread=asked), "2")
    assert rooms.readers("support", asked) == rooms.readers("support", None) == frozenset()


def test_a_public_answer_is_posted_once_and_leaves_a_closed_thread_closed(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.perform(open_thread(asked), "1")
    rooms.perform(CloseThread(server=SERVER, channel="support", thread=asked), "2")
    assert len(rooms.answer("support", asked, words("Closed"), "public:1")) == 2
    assert rooms.answer("support", asked, words("Closed"), "public:1") == []
    summary, messages = rooms.thread("support", asked)
    assert (summary.closed, len(messages)) == (True, 2)


def test_an_answer_knows_what_it_answers(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.perform(say(answers=asked), "1")
    assert [message.answers for message in shown(rooms)] == [None, asked]


def test_a_file_of_an_older_version_goes_on_working(tmp_path: Path) -> None:
    file = tmp_path / "rooms.sqlite3"
    before = Rooms(file)
    asked = ask(before)
    before.perform(open_thread(asked), "1")
    before.perform(say(thread=asked), "2")
    before.close()
    with sqlite3.connect(file) as older:
        older.execute("DROP TABLE reader")
        for column in ("answers", "file"):
            older.execute(f"ALTER TABLE message DROP COLUMN {column}")
    older.close()
    after = Rooms(file)
    summary, messages = after.thread("support", asked)
    assert (summary.count, summary.readers, len(messages)) == (1, frozenset(), 2)
    assert after.perform(say(answers=asked), "3")[1]
    assert open_private(after)
    after.close()


def test_unknown_places_are_refused(rooms: Rooms) -> None:
    asked = ask(rooms)
    rooms.perform(open_thread(asked), "1")
    for channel, thread in (("nowhere", None), ("support", "7"), ("general", asked)):
        with pytest.raises(UnknownPlace):
            rooms.post(channel, thread, "emma", "Hello?", f"{channel}{thread}")


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    before = Rooms(tmp_path / "rooms.sqlite3")
    asked = ask(before)
    outcome, _ = before.perform(open_thread(asked), "1")
    before.see("emma", "support", asked)
    before.close()
    after = Rooms(tmp_path / "rooms.sqlite3")
    assert [message.text for message in shown(after)] == ["Help"]
    assert after.perform(open_thread(asked), "1") == (outcome, [])
    assert after.seen("emma") == {"support": asked}
    assert after.stamp() > asked
    after.close()
