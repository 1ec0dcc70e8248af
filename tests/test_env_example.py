"""`.env.example` tells every setting, each with one line of explanation, and its default."""

import re
from pathlib import Path

from pydantic import SecretStr

from bot.settings import Settings

ROOT = Path(__file__).parents[1]
SETTING = re.compile(r"(?:^|\n)(?P<why># .+)\n(?P<name>[A-Z_]+)=(?P<value>.*)")
NAMED_BY_WORDS = {"POLICY_DIR"}
"""Its default is a folder inside the installed package, which has no name of its own."""


def written() -> dict[str, str]:
    return {found["name"]: found["value"] for found in SETTING.finditer((ROOT / ".env.example").read_text("utf-8"))}


def test_every_setting_stands_there_with_an_explanation_and_no_other_does() -> None:
    assert sorted(written()) == sorted(name.upper() for name in Settings.model_fields)


def test_the_values_are_the_defaults() -> None:
    for name, value in written().items():
        default = Settings.model_fields[name.lower()].default
        if name not in NAMED_BY_WORDS:
            assert value == _as_written(default), name


def _as_written(default: object) -> str:
    match default:
        case None | SecretStr():
            return ""
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(map(str, default))
        case _:
            return str(default)
