"""Slack's limits of messages and views, as its documentation states them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.doubles.slack import shapes
from tests.doubles.slack.errors import Json

LONGEST_TEXT, LONGEST_TOTAL = 40_000, 13_200
"""Characters of a message's `text`, and of all its blocks together."""
MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
MOST_OPTIONS = 100
CALLS_MANY = re.compile(r"<!(channel|here|everyone)\b")
RAW = re.compile(
    r"<(?!@[UW]\w+(\|[^<>]*)?>|#C\w+(\|[^<>]*)?>|!subteam\^S\w+|!date\^\d|https?://|mailto:)|&(?!amp;|lt;|gt;)"
)
"""Signs that a text must escape: neither a link, nor a mention, nor a date of Slack's."""
MOST_ELEMENTS = {"context": 10, "actions": 25}
TEXT_LIMITS = {"section": 3_000, "header": 150, "input": 2_000}
ONLY_IN_VIEWS = {"input"}
ONLY_IN_MODALS = {"file_input"}
_OBJECT_LIMITS = {"action_id": 255, "block_id": 255, "value": 2_000, "url": 3_000, "callback_id": 255}


def problems_of_message(text: str, blocks: list[Json]) -> list[str]:
    """What Slack would not take, or would show badly, in a message."""
    found = [*_blocks(blocks, "message"), *_mrkdwn(text, "text")]
    if blocks and not text:
        found.append("text: missing, so that notifications and screen readers have nothing to tell")
    return found


def problems_of_view(view: Json) -> list[str]:
    """What Slack would not take in a form or Home tab."""
    kind = view.get("type")
    if kind not in {"modal", "home"}:
        return [f"type: {kind!r} is neither modal nor home"]
    found = _blocks(view.get("blocks") or [], kind)
    if len(view.get("private_metadata", "")) > 3_000:
        found.append("private_metadata: more than 3000 characters")
    if len(view.get("callback_id", "")) > 255:
        found.append("callback_id: more than 255 characters")
    if kind == "modal":
        for name in ("title", "submit", "close"):
            words = (view.get(name) or {}).get("text", "")
            if len(words) > 24 or (name in view and not words):
                found.append(f"{name}: {len(words)} characters, 1 to 24 are taken")
        if not view.get("title"):
            found.append("title: missing")
        if any(block.get("type") == "input" for block in view.get("blocks") or []) and not view.get("submit"):
            found.append("submit: missing, although there is something to fill in")
    return found


def total_of(blocks: list[Json]) -> int:
    """Characters in all blocks of a message."""
    return sum(len(text["text"]) for text in shapes.texts(blocks))


def _blocks(blocks: list[Json], surface: str) -> list[str]:
    found: list[str] = []
    if len(blocks) > MOST_BLOCKS[surface]:
        found.append(f"blocks: {len(blocks)}, {MOST_BLOCKS[surface]} are taken")
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    if len(set(ids)) < len(ids):
        found.append("block_id: the same one twice")
    actions = [part["action_id"] for block in blocks for part in shapes.interactive(block) if "action_id" in part]
    if len(set(actions)) < len(actions):
        found.append("action_id: the same one twice")
    for number, block in enumerate(blocks):
        found += [f"blocks/{number}: {problem}" for problem in _block(block, surface)]
    return found


def _block(block: Json, surface: str) -> Iterator[str]:
    kind = block.get("type", "")
    if surface == "message" and kind in ONLY_IN_VIEWS:
        yield f"{kind} stands in a message"
    for text in _own_texts(block):
        limit = 2_000 if text is not block.get("text") and kind == "section" else TEXT_LIMITS.get(kind, 3_000)
        yield from _text(text, limit)
    if kind == "section" and not block.get("text") and not block.get("fields"):
        yield "a section without text"
    if kind == "header" and (block.get("text") or {}).get("type") != "plain_text":
        yield "a header takes plain_text only"
    if len(block.get("fields", [])) > 10:
        yield "more than 10 fields"
    if kind in MOST_ELEMENTS and not 1 <= len(block.get("elements", [])) <= MOST_ELEMENTS[kind]:
        yield f"{len(block.get('elements', []))} elements in {kind}, 1 to {MOST_ELEMENTS[kind]} are taken"
    yield from _sizes(block)
    for part in shapes.interactive(block):
        yield from _element(part, surface)


def _own_texts(block: Json) -> list[Json]:
    """The texts of a block itself, without those of its elements."""
    parts = [block.get("text"), block.get("label"), block.get("hint"), *block.get("fields", [])]
    if block.get("type") == "context":
        parts += [each for each in block.get("elements", []) if each.get("type") != "image"]
    return [part for part in parts if isinstance(part, dict)]


def _text(text: Json, limit: int) -> Iterator[str]:
    words = text.get("text", "")
    if not 1 <= len(words) <= limit:
        yield f"text of {len(words)} characters, 1 to {limit} are taken"
    if text.get("type") == "mrkdwn":
        if "emoji" in text:
            yield "emoji: only plain_text has it"
        yield from _mrkdwn(words, "mrkdwn")


def _mrkdwn(words: str, where: str) -> list[str]:
    found = []
    if CALLS_MANY.search(words):
        found.append(f"{where}: calls everybody")
    if match := RAW.search(words):
        found.append(f"{where}: not escaped: {words[match.start() : match.start() + 20]!r}")
    return found


def _sizes(node: Json) -> Iterator[str]:
    for name, limit in _OBJECT_LIMITS.items():
        value = node.get(name)
        if isinstance(value, str) and not 1 <= len(value) <= limit:
            yield f"{name}: {len(value)} characters, 1 to {limit} are taken"


def _element(part: Json, surface: str) -> Iterator[str]:
    kind = part.get("type", "")
    yield from _sizes(part)
    if kind in ONLY_IN_MODALS and surface != "modal":
        yield f"{kind} stands in a {surface}"
    if kind == "button":
        yield from _text(part.get("text") or {}, 75)
        if part.get("style", "primary") not in {"primary", "danger"}:
            yield f"style: {part['style']!r} is neither primary nor danger"
        if len(part.get("accessibility_label", "")) > 75:
            yield "accessibility_label: more than 75 characters"
    if isinstance(part.get("placeholder"), dict):
        yield from _text(part["placeholder"], 150)
    if kind in {"static_select", "multi_static_select", "radio_buttons", "checkboxes", "overflow"}:
        yield from _options(part, kind)
    if kind in {"plain_text_input", "number_input"}:
        yield from _input(part, kind)


def _options(part: Json, kind: str) -> Iterator[str]:
    options: list[Any] = part.get("options") or [
        each for group in part.get("option_groups", []) for each in group["options"]
    ]
    most = 10 if kind in {"radio_buttons", "checkboxes"} else 5 if kind == "overflow" else MOST_OPTIONS
    if not 1 <= len(options) <= most:
        yield f"{len(options)} options in {kind}, 1 to {most} are taken"
    values = [option.get("value") for option in options]
    if len(set(values)) < len(values):
        yield "two options with the same value"
    for option in options:
        yield from _text(option.get("text") or {}, 75)
        if not 1 <= len(option.get("value", "")) <= 150:
            yield f"option value of {len(option.get('value', ''))} characters, 1 to 150 are taken"
    initial = part.get("initial_options") or ([part["initial_option"]] if "initial_option" in part else [])
    if any(option not in options for option in initial):
        yield "an initial option is not among the options"
    if "initial_options" in part and not part["initial_options"]:
        yield "initial_options: empty"


def _input(part: Json, kind: str) -> Iterator[str]:
    if kind == "number_input" and not isinstance(part.get("is_decimal_allowed"), bool):
        yield "is_decimal_allowed: missing"
    initial = part.get("initial_value")
    if initial is not None and not isinstance(initial, str):
        yield "initial_value: not a text"
    longest = part.get("max_length", 3_000)
    if not 1 <= longest <= 3_000:
        yield f"max_length: {longest}, 1 to 3000 are taken"
    if isinstance(initial, str) and kind == "plain_text_input" and len(initial) > longest:
        yield "initial_value: longer than max_length"
