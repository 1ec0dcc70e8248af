"""Rules of the house that no tool checks: who may import whom, who reads the environment, what the Makefile tells."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "adapters", "policy_text")
PLATFORM_LIBRARIES = {"aiohttp", "discord", "slack_bolt", "slack_sdk"}
DATABASES_NETWORK_AND_TASKS = {
    "aiohttp",
    "aiosqlite",
    "asyncio",
    "asyncpg",
    "http",
    "requests",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "subprocess",
    "threading",
    "urllib",
}
FILES = {"os", "pathlib", "shutil", "tempfile"}


def modules_in(*folders: str) -> list[str]:
    """Paths of the Python files below some folders, relative to the project."""
    files = (file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return sorted(file.relative_to(ROOT).as_posix() for file in files)


def parsed(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), filename=module)


def imports(module: str) -> Iterator[str]:
    """Dotted names that a module imports, wherever the import stands; relative ones made absolute."""
    package = module.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def libraries(module: str) -> set[str]:
    return {name.split(".", 1)[0] for name in imports(module)}


def reads_environment(module: str) -> bool:
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            if node.attr in names:
                return True
        elif isinstance(node, ast.ImportFrom) and node.module == "os" and names & {a.name for a in node.names}:
            return True
    return False


@pytest.mark.parametrize("module", modules_in("bot"))
def test_only_the_composition_root_knows_adapters(module: str) -> None:
    if module != "bot/__main__.py":
        assert "adapters" not in libraries(module)


@pytest.mark.parametrize("module", modules_in("bot"))
def test_the_bot_knows_no_platform(module: str) -> None:
    assert not libraries(module) & PLATFORM_LIBRARIES


@pytest.mark.parametrize("module", modules_in("bot/rules"))
def test_rules_are_pure(module: str) -> None:
    assert not libraries(module) & (DATABASES_NETWORK_AND_TASKS | FILES)


@pytest.mark.parametrize("module", modules_in("bot/coverage"))
def test_coverage_reads_policy_files_and_does_nothing_else_outside(module: str) -> None:
    assert not libraries(module) & DATABASES_NETWORK_AND_TASKS


@pytest.mark.parametrize("module", modules_in("bot/rules", "bot/coverage"))
def test_rules_and_coverage_know_neither_store_nor_desk(module: str) -> None:
    assert not [name for name in imports(module) if name.startswith(("bot.store", "bot.desk"))]


@pytest.mark.parametrize("module", modules_in("adapters"))
def test_adapters_do_not_know_each_other(module: str) -> None:
    own = "adapters." + module.split("/")[1]
    others = [name for name in imports(module) if name.startswith("adapters.")]
    assert [name for name in others if not f"{name}.".startswith(f"{own}.")] == []


@pytest.mark.parametrize("module", modules_in(*PACKAGES))
def test_only_the_settings_read_the_environment(module: str) -> None:
    if module != "bot/settings.py":
        assert not reads_environment(module)


def test_every_make_target_is_listed_with_a_line_of_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    targets = set(" ".join(phony).split())
    helped = set(re.findall(r"^([a-z]+):.*## \S", makefile, flags=re.MULTILINE))
    assert helped == targets
    assert targets >= {"help", "try", "test", "lint", "bench", "format", "clean"}


def test_every_line_of_the_procfile_starts_a_command_that_exists() -> None:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if not line.startswith("#")]
    commands = [re.fullmatch(r"\w+: (?:[A-Z_]+=\S+ )*wartemarke (\w+)", entry) for entry in entries]
    names = {command[1] for command in commands if command}
    assert all(commands)
    for name in names:
        asked = subprocess.run(
            [sys.executable, "-m", "bot", name, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert asked.returncode == 0, asked.stderr


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_locks_name_no_address_and_hash_every_pin(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^\S+==\S+.*\\$", text, flags=re.MULTILINE)
    assert "://" not in text
    assert not re.findall(r"^--", text, flags=re.MULTILINE)
    assert len(pins) == len(re.findall(r"==\S+[^\n]*\\\n    --hash=sha256:", text)) > 0


def test_development_runs_on_the_same_versions_as_production() -> None:
    def versions(lock: str) -> set[str]:
        text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
        return set(re.findall(r"^(\S+==\S+)", text, flags=re.MULTILINE))

    assert versions("run.txt") <= versions("dev.txt")
