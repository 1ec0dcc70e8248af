"""A small chat platform of our own, to try the product without Discord or Slack: one process, one page."""

from __future__ import annotations

from pathlib import Path

from adapters.web_chat.door import Refused
from adapters.web_chat.people import PREFIX
from adapters.web_chat.server import WebChat
from bot.desk.commands import COMMANDS

__all__ = ["PREFIX", "Refused", "WebChat", "create"]


def create(file: Path, host: str, port: int, password: str | None) -> WebChat:
    """The playground with the desk's commands. Raises Refused when others could reach it without a password."""
    return WebChat(file, host, port, password, COMMANDS)
