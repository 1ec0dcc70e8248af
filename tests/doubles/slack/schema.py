"""Checks against Slack's own descriptions where they are at hand, and what did not fit anything."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from tests.doubles.slack.errors import Json

SCHEMAS = Path(__file__).parents[3].parent / "shared" / "schemas"
BLOCKS, WEB = SCHEMAS / "slack_blockkit.schema.json", SCHEMAS / "slack_web_openapi_v2.json"

YOUNGER = {
    "metadata": "of messages, since 2022",
    "response_metadata": "warnings and cursors, of all methods",
    "blocks": "of messages: their description is older than most blocks",
    "bot_profile": "of messages, with fields that came later",
    "app_id": "of messages and of auth.test",
    "team_id": "of auth.test: an organisation's own id where it has installed the app as a whole",
    "enterprise_id": "of auth.test: the description knows no organisations there",
    "edited": "of messages: described with other fields for changed ones",
    "channel": "of answers: described as a list of shapes that exclude one another",
    "channels": "the same",
    "messages": "of conversations.replies: described as people's alone",
    "user": "of users.info: fields came later, and the description demands some that nobody needs",
    "file": "of files.info: fields came later",
    "files": "the same, in messages",
}
"""Parts of answers that the description of 2021 does not know, or knows otherwise, each with the reason."""


def at_hand() -> bool:
    return BLOCKS.is_file() and WEB.is_file()


@cache
def _blocks_validator(name: str) -> Any:
    definitions = json.loads(BLOCKS.read_text())["definitions"]
    # the generic block, with nothing but a type, would let every slip pass
    definitions["AnyBlock"] = {"$ref": "#/definitions/KnownBlock"}
    return Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})


@cache
def _web() -> Json:
    """The description of 2021; its generator wrote alternatives as the items of something that is no list."""
    document: Json = _alternatives(json.loads(WEB.read_text()))
    return document


def _alternatives(node: Any) -> Any:
    if isinstance(node, dict):
        known = {key: _alternatives(value) for key, value in node.items()}
        if isinstance(known.get("items"), list) and known.get("type") != "array":
            known["anyOf"] = known.pop("items")
        return known
    return [_alternatives(value) for value in node] if isinstance(node, list) else node


@cache
def _answer_validator(method: str) -> Any:
    path = _web()["paths"].get(f"/{method}")
    if path is None:
        return None
    (operation,) = path.values()
    return Draft7Validator(operation["responses"]["200"]["schema"] | {"definitions": _web()["definitions"]})


class Checker:
    """Collects what does not fit."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on and at_hand()
        self.complaints: list[str] = []

    def note(self, sentence: str) -> None:
        self.complaints.append(sentence)

    def problem_of_blocks(self, blocks: list[Json]) -> str | None:
        """What Slack's own types do not know in some blocks."""
        for number, block in enumerate(blocks if self._is_on else []):
            if problem := _problem(_blocks_validator(_definition(block)), block):
                return f"blocks/{number}: {problem}"
        return None

    def problem_of_view(self, view: Json) -> str | None:
        if not self._is_on:
            return None
        outer = _problem(
            _blocks_validator("HomeView" if view.get("type") == "home" else "ModalView"), view | {"blocks": []}
        )
        return outer or self.problem_of_blocks(view.get("blocks") or [])

    def check_answer(self, method: str, answer: Json) -> None:
        """Of the stand-in itself: whether it answers as Slack would."""
        validator = _answer_validator(method) if self._is_on and answer.get("ok") else None
        if validator is None:
            return
        for error in validator.iter_errors(answer):
            if not _is_younger(error):
                self.note(f"{method}: our own answer: {error.json_path}: {error.message[:300]}")


def _definition(block: Json) -> str:
    """The name of the type that a block must fit; a whole union would say less clearly what is wrong."""
    words = str(block.get("type", "")).split("_")
    name = "".join(word.capitalize() for word in words) + "Block"
    return name if name in _block_types() else "KnownBlock"


@cache
def _block_types() -> frozenset[str]:
    return frozenset(json.loads(BLOCKS.read_text())["definitions"])


def _problem(validator: Any, instance: Any) -> str | None:
    if validator.is_valid(instance):
        return None
    error = best_match(validator.iter_errors(instance))
    return f"{error.json_path}: {error.message[:300]}"


def _is_younger(error: Any) -> bool:
    """Whether the description is only older than the answer."""
    if any(step in YOUNGER for step in error.absolute_path):
        return True
    if error.validator == "additionalProperties":
        return set(error.instance) - set(error.schema.get("properties", {})) <= YOUNGER.keys()
    return False
