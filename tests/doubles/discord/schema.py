"""Checks of every call and payload, in both directions, against Discord's own descriptions where they are at hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import best_match

from tests.doubles.discord.errors import Json

SCHEMAS = Path(__file__).parents[3].parent / "shared" / "schemas"
REST, GATEWAY = SCHEMAS / "discord_openapi_v10.json", SCHEMAS / "discord_gateway.schema.json"


def at_hand() -> bool:
    return REST.is_file() and GATEWAY.is_file()


ALSO_TAKEN = {
    "RichEmbed": ["flags"],
    "MessageEditRequestPartial": ["tts"],
    "IncomingWebhookUpdateRequestPartial": ["tts"],
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial": ["tts"],
    "ApplicationCommandUpdateRequest": ["nsfw"],
    "ApplicationCommandCreateRequest": ["nsfw"],
}
"""Fields that discord.py has always sent and that the description does not name."""


@cache
def _rest() -> Json:
    document: Json = json.loads(REST.read_text())
    return document


@cache
def _requests() -> Json:
    """The descriptions of requests, closed: a field that is not named in them is a slip of the pen.

    Ids that Discord gives out as strings it also takes as numbers, which the description does not say.
    """
    document: Json = json.loads(REST.read_text())
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        if "properties" in schema and "allOf" not in schema:
            schema.setdefault("additionalProperties", False)
            schema["properties"].update({extra: {} for extra in ALSO_TAKEN.get(name, [])})
    schemas["SnowflakeType"]["type"] = ["string", "integer"]
    return document


@cache
def _gateway() -> Json:
    """The gateway's payloads; their generator forbade further properties, which Discord does not."""
    document: Json = _open(json.loads(GATEWAY.read_text()))
    return document


def _open(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _open(value) for key, value in node.items() if (key, value) != ("additionalProperties", False)}
    return [_open(value) for value in node] if isinstance(node, list) else node


@cache
def _rest_validator(pointer: str, *, of_requests: bool = False) -> Any:
    document = _requests() if of_requests else _rest()
    return Draft202012Validator({"$ref": pointer, "paths": document["paths"], "components": document["components"]})


@cache
def _gateway_validator(name: str) -> Any:
    """Of an event or of what a client sends; clients may send ids as numbers, too."""
    definitions: Json = _gateway()["definitions"]
    if name.startswith("op"):
        definitions = definitions | {"Snowflake": {"type": ["string", "integer"]}}
    payload = definitions["Gateway"]["properties"][name]
    return Draft7Validator({"allOf": [payload], "definitions": definitions})


def _escaped(*steps: str) -> str:
    """A JSON pointer into the document, as a reference."""
    parts = (step.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D") for step in steps)
    return "#/" + "/".join(parts)


@cache
def _request_pointer(method: str, template: str) -> str | None:
    operation = _rest()["paths"].get(template, {}).get(method.lower(), {})
    if "application/json" not in operation.get("requestBody", {}).get("content", {}):
        return None
    return _escaped("paths", template, method.lower(), "requestBody", "content", "application/json", "schema")


@cache
def _answer_pointer(method: str, template: str, status: int) -> str | None:
    """Where an answer is described; None if nothing may come with it. KeyError if there is no such answer."""
    operation = _rest()["paths"][template][method.lower()]
    known = operation["responses"]
    key = str(status) if str(status) in known else f"{status // 100}XX"
    steps = ["paths", template, method.lower(), "responses", key]
    answer = known[key]
    if "$ref" in answer:
        steps = answer["$ref"].removeprefix("#/").split("/")
        answer = _rest()["components"]["responses"][steps[-1]]
    if "application/json" not in answer.get("content", {}):
        return None
    return _escaped(*steps, "content", "application/json", "schema")


class Checker:
    """Collects what does not fit."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on and at_hand()
        self.violations: list[str] = []

    def note(self, sentence: str) -> None:
        self.violations.append(sentence)

    def check_request(self, method: str, template: str, body: Any) -> None:
        if not self._is_on:
            return
        if template not in _rest()["paths"]:
            self.note(f"{method} {template}: Discord has no such path")
            return
        pointer = _request_pointer(method, template)
        if pointer is None:
            if body is not None:
                self.note(f"{method} {template}: no body is expected")
            return
        self._look(_rest_validator(pointer, of_requests=True), body, f"{method} {template}: request")

    def check_answer(self, method: str, template: str, status: int, body: Any) -> None:
        if not self._is_on or status >= 500 or template not in _rest()["paths"]:
            return
        try:
            pointer = _answer_pointer(method, template, status)
        except KeyError:
            self.note(f"{method} {template}: Discord never answers {status}")
            return
        if pointer is not None:
            # The description gives the details of an error numbers; Discord answers with words.
            known = {key: value for key, value in body.items() if key != "errors"} if status >= 400 else body
            self._look(_rest_validator(pointer), known, f"{method} {template}: answer {status}")

    def check_dispatch(self, event: str, data: Json) -> None:
        if self._is_on and event in _gateway()["definitions"]["Gateway"]["properties"]:
            self._look(_gateway_validator(event), data, f"gateway: {event}")

    def check_gateway_request(self, payload: Json) -> None:
        name = f"op{payload['op']}"
        if self._is_on and name in _gateway()["definitions"]["Gateway"]["properties"]:
            self._look(_gateway_validator(name), payload, f"gateway: client's {name}")

    def _look(self, validator: Any, instance: Any, where: str) -> None:
        if validator.is_valid(instance):
            return
        error = best_match(validator.iter_errors(instance))
        self.note(f"{where}: {error.json_path}: {error.message[:300]}")
