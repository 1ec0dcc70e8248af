"""What Slack would refuse of a message or a view: the official schema of its blocks, and the limits beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SCHEMA = Path(__file__).parents[3] / "shared" / "schemas" / "slack_blockkit.schema.json"
needs_schema = pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's block schema (../shared/schemas) is not here")

LONGEST = {
    "header": 150,
    "button": 75,
    "label": 2_000,
    "option": 75,
    "title": 24,
    "text": 3_000,
}


@cache
def _validator(of: str) -> jsonschema.Draft7Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    definitions = schema["definitions"]
    part = definitions[schema["$ref"].rpartition("/")[2]]["properties"][of]
    return jsonschema.Draft7Validator({"definitions": definitions, "allOf": [part]})


def check_message(text: str, blocks: list[dict[str, Any]]) -> None:
    """A message as chat.postMessage takes it."""
    assert 1 <= size(text) <= LONGEST["text"]
    assert len(blocks) <= 50
    assert sum(map(size, texts_in(blocks))) <= 13_200
    _validator("blocks").validate(blocks)
    check_blocks(blocks)


def check_view(view: dict[str, Any]) -> None:
    """A modal or an App Home."""
    _validator(view["type"]).validate(view)
    assert 1 <= len(view["blocks"]) <= 100
    assert len(view.get("private_metadata", "")) <= 3_000
    assert 1 <= len(view.get("callback_id", "x")) <= 255
    for part in ("title", "submit", "close"):
        assert part not in view or 1 <= size(view[part]["text"], plain=True) <= LONGEST["title"]
    assert "submit" in view or not any(block["type"] == "input" for block in view["blocks"])
    check_blocks(view["blocks"])


def check_blocks(blocks: list[dict[str, Any]]) -> None:
    """Blocks anywhere. The schema takes a block of any kind with any fields in a view, so each is looked at alone."""
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(set(ids)) == len(ids)
    actions = [
        element["action_id"] for block in blocks for element in block.get("elements", []) if "action_id" in element
    ]
    assert len(set(actions)) == len(actions)
    for block in blocks:
        _validator("blocks").validate([block])
        match block["type"]:
            case "header":
                assert 1 <= size(block["text"]["text"], plain=True) <= LONGEST["header"]
            case "section":
                assert 1 <= size(block["text"]["text"]) <= LONGEST["text"]
            case "context":
                assert 1 <= len(block["elements"]) <= 10
                assert all(1 <= size(one["text"]) <= LONGEST["text"] for one in block["elements"])
            case "actions":
                assert 1 <= len(block["elements"]) <= 25
                for button in block["elements"]:
                    assert 1 <= size(button["text"]["text"], plain=True) <= LONGEST["button"]
                    assert 1 <= len(button["value"]) <= 2_000
            case "input":
                assert 1 <= size(block["label"]["text"], plain=True) <= LONGEST["label"]
                assert 1 <= len(block["block_id"]) <= 255
                _check_element(block["element"])
            case kind:
                pytest.fail(f"unknown kind of block: {kind}")


def _check_element(element: dict[str, Any]) -> None:
    groups = element.get("option_groups", [element])
    assert len(groups) <= 100
    options = [option for group in groups for option in group.get("options", [])]
    for group in groups:
        assert "options" not in group or 1 <= len(group["options"]) <= (
            10 if element["type"] == "radio_buttons" else 100
        )
        assert "label" not in group or 1 <= len(group["label"]["text"]) <= 75
    for option in options:
        assert 1 <= size(option["text"]["text"], plain=True) <= LONGEST["option"]
        assert 1 <= len(option["value"]) <= 75
    assert len({option["value"] for option in options}) == len(options)
    chosen = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    assert all(option in options for option in chosen)
    if element["type"] == "plain_text_input":
        assert size(element.get("initial_value", "")) <= element["max_length"] <= 3_000
    assert element.get("initial_value") != ""


def texts_in(part: Any) -> Iterator[str]:
    """All that is to be read in some blocks."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from texts_in(value)
    elif isinstance(part, list):
        for one in part:
            yield from texts_in(one)


def size(text: str, *, plain: bool = False) -> int:
    """The length as the most cautious counts it; a plain text may be counted in its escaped form."""
    return len(text.encode("utf-16-le")) // 2 + plain * (4 * text.count("&") + 3 * (text.count("<") + text.count(">")))
