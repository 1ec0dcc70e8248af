"""The message catalogue: both languages say the same things, and everything that the code says is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as fluent

import policy_text
from bot.coverage.policy import address
from bot.desk.commands import COMMANDS
from bot.model import ChannelLink, Duration, Language, Mention, Moment, Roles, Text, ThreadLink, Value
from bot.texts import keys, say, tell_moment, text
from tests.doubles.paper_chat import PlainMarkup
from tests.doubles.world import START

ROOT = Path(__file__).parents[1]
SAYING = {"text": 0, "reply_text": 0, "Refusal": 0, "form": 1}
"""Functions that take a key, and as which argument."""
EMPTY = {"usage-place", "usage-queue", "usage-mine", "usage-behind", "usage-panel"}
"""Commands that take no words."""
MARKUP = re.compile(r"[<>&*_~`]")
NUMBERS = {
    "number",
    "least",
    "place",
    "waiting",
    "ahead",
    "count",
    "limit",
    "days",
    "more",
    "most",
    "open",
    "hourly",
    "alerted",
}
SPECIAL: dict[str, Value] = {
    "thread": ThreadLink("support", "t1"),
    "channel": ChannelLink("support"),
    "person": Mention("emma"),
    **dict.fromkeys(("soft", "hard", "due", "at", "back", "end"), Moment(START)),
    **dict.fromkeys(("wait", "waited", "age", "low", "high"), Duration(timedelta(hours=3))),
    "ruling": Text("ruling-covered"),
    "language": Text("language-de"),
    "state": Text("queue-answered"),
}


def messages(language: Language) -> dict[str, fluent.Message]:
    source = (Path(policy_text.__file__).parent / f"messages.{language}.ftl").read_text(encoding="utf-8")
    entries = FluentParser().parse(source).body
    junk = [entry.content for entry in entries if isinstance(entry, fluent.Junk)]
    assert junk == []
    named = [(entry.id.name, entry) for entry in entries if isinstance(entry, fluent.Message)]
    assert len(named) == len(dict(named)), "a key stands there twice"
    return dict(named)


MESSAGES = {language: messages(language) for language in Language}
ALL = sorted(MESSAGES[Language.DE])


def inside(node: object) -> Iterator[object]:
    """A Fluent node and all that is in it."""
    yield node
    children = vars(node).values() if isinstance(node, fluent.BaseNode) else node if isinstance(node, list) else ()
    for child in children:
        yield from inside(child)


def placeholders(message: fluent.Message) -> set[str]:
    return {node.id.name for node in inside(message) if isinstance(node, fluent.VariableReference)}


def code() -> Iterator[ast.AST]:
    folders = (ROOT / "bot" / "desk", ROOT / "bot" / "rules", ROOT / "adapters")
    for file in (ROOT / "bot" / "texts.py", *(file for folder in folders for file in folder.rglob("*.py"))):
        yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def sayings() -> Iterator[tuple[ast.Call, ast.expr]]:
    """Every place in the code where something is said by its key, and that key."""
    for node in code():
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in SAYING and len(node.args) > SAYING[name]:
                yield node, node.args[SAYING[name]]


def pattern(words: ast.JoinedStr) -> re.Pattern[str]:
    parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w-]+" for part in words.values]
    return re.compile("".join(parts))


def test_both_languages_have_the_same_keys() -> None:
    assert sorted(MESSAGES[Language.EN]) == ALL
    assert all(keys(language) == set(ALL) for language in Language)


@pytest.mark.parametrize("key", ALL)
def test_both_languages_fill_in_the_same_things(key: str) -> None:
    assert placeholders(MESSAGES[Language.DE][key]) == placeholders(MESSAGES[Language.EN][key])


@pytest.mark.parametrize("language", Language)
def test_no_sentence_is_chosen_by_words(language: Language) -> None:
    """Markup leaves holes for words, so only numbers can be told apart."""
    variants = [
        (key, variant.key.name)
        for key, message in MESSAGES[language].items()
        for node in inside(message)
        if isinstance(node, fluent.SelectExpression)
        for variant in node.variants
        if isinstance(variant.key, fluent.Identifier)
    ]
    assert {name for _, name in variants} <= {"one", "other"}, variants


def test_every_key_that_is_said_exists() -> None:
    for _, key in sayings():
        if isinstance(key, ast.Constant):
            assert key.value in ALL
        elif isinstance(key, ast.JoinedStr):
            assert any(pattern(key).fullmatch(known) for known in ALL), ast.unparse(key)


def test_every_key_is_said_somewhere() -> None:
    used = {node.value for node in code() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    patterns = [pattern(key) for _, key in sayings() if isinstance(key, ast.JoinedStr)]
    unused = [key for key in ALL if key not in used and not any(one.fullmatch(key) for one in patterns)]
    assert unused == []


def test_every_saying_gives_all_that_is_to_be_filled_in() -> None:
    for call, key in sayings():
        given = {keyword.arg for keyword in call.keywords}
        if isinstance(key, ast.Constant) and None not in given:
            assert placeholders(MESSAGES[Language.DE][str(key.value)]) <= given, ast.unparse(call)


def test_every_command_is_explained() -> None:
    for command in COMMANDS:
        for language in Language:
            assert say(command.description, language, PlainMarkup())
            assert bool(say(command.usage, language, PlainMarkup())) != (command.usage.key in EMPTY)


@pytest.mark.parametrize("number", [0, 1, 2, 5])
@pytest.mark.parametrize("formal", [True, False], ids=["Sie", "du"])
@pytest.mark.parametrize("language", Language)
def test_every_message_can_be_said(language: Language, number: int, *, formal: bool) -> None:
    for key in ALL:
        values: dict[str, Value] = {
            name: number if name in NUMBERS else SPECIAL.get(name, "some words")
            for name in placeholders(MESSAGES[language][key])
        }
        told = say(Text(key, values), language, PlainMarkup(), formal=formal)
        assert told or key in EMPTY, key
        assert not re.search(r"[{}\[\]|]|\$", told.replace("[thread t1]", "")), told


@pytest.mark.parametrize("language", Language)
def test_the_catalogue_holds_plain_words_only(language: Language) -> None:
    for key, message in MESSAGES[language].items():
        for node in inside(message):
            if isinstance(node, fluent.TextElement):
                assert not MARKUP.search(node.value), key


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("formal", [True, False], ids=["Sie", "du"])
def test_both_forms_of_address_are_complete(language: Language, *, formal: bool) -> None:
    source = (Path(policy_text.__file__).parent / f"messages.{language}.ftl").read_text(encoding="utf-8")
    chosen = address(source, formal=formal)
    left = [line for line in chosen.splitlines() if "|" in line and not line.startswith("#")]
    assert left == []


def test_du_says_no_sie() -> None:
    """A form of address that slipped through; "Sie" may still begin a sentence about somebody else."""
    for key, message in MESSAGES[Language.DE].items():
        values = {name: SPECIAL.get(name, 2 if name in NUMBERS else "x") for name in placeholders(message)}
        told = say(Text(key, values), Language.DE, PlainMarkup(), formal=False)
        assert not re.search(r"\bIhnen\b|\bIhre?[mnrs]?\b", told), f"{key}: {told}"


def test_other_peoples_words_are_handed_to_the_platform_to_escape() -> None:
    class Shouting(PlainMarkup):
        def escape(self, words: str) -> str:
            return words.upper()

    told = say(Text("refused-no-such-command", {"name": "{ $x } [a|b]"}), Language.EN, Shouting())
    assert told.endswith("/{ $X } [A|B].")


def test_roles_are_named_as_the_platform_names_them() -> None:
    told = say(Text("setup-moderators", {"roles": Roles(("agent", "moderator"))}), Language.EN, PlainMarkup())
    assert "@agent, @moderator" in told


def test_an_unknown_key_or_a_missing_value_is_an_error() -> None:
    with pytest.raises(LookupError):
        say(Text("no-such-key"), Language.EN, PlainMarkup())
    with pytest.raises(ValueError, match="closed"):
        say(Text("closed"), Language.EN, PlainMarkup())


def test_moments_are_told_in_the_readers_language() -> None:
    assert tell_moment(START, Language.DE) == "Mo., 2. März, 09:00 Uhr UTC"
    assert tell_moment(START, Language.EN) == "Mon 2 March, 09:00 UTC"


@pytest.mark.parametrize(
    ("span", "german", "english"),
    [
        (timedelta(0), "1 Minute", "1 minute"),
        (timedelta(minutes=-5), "1 Minute", "1 minute"),
        (timedelta(minutes=45), "45 Minuten", "45 minutes"),
        (timedelta(minutes=89), "89 Minuten", "89 minutes"),
        (timedelta(minutes=90), "2 Stunden", "2 hours"),
        (timedelta(hours=30), "30 Stunden", "30 hours"),
        (timedelta(hours=36), "36 Stunden", "36 hours"),
        (timedelta(hours=71), "71 Stunden", "71 hours"),
        (timedelta(days=3), "3 Tage", "3 days"),
        (timedelta(days=59), "59 Tage", "59 days"),
        (timedelta(days=60), "2 Monate", "2 months"),
        (timedelta(days=365), "12 Monate", "12 months"),
    ],
)
def test_spans_are_told_in_words(span: timedelta, german: str, english: str) -> None:
    for language, words in ((Language.DE, german), (Language.EN, english)):
        told = text("claimed-facts", waited=Duration(span), ruling=text("ruling-none"))
        assert words in say(told, language, PlainMarkup())
