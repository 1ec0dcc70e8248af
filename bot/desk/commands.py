"""The slash commands: their names, who they are for, and what runs. Help texts stand in the message catalogue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.desk import answering, blocking, claiming, closing, correcting, fairness, keeping, line, opening, setting_up
from bot.desk.panel import panel_command
from bot.desk.policy.commands import policy_command
from bot.desk.scene import Answer, Scene
from bot.model import Text
from bot.store.database import Transaction
from bot.texts import text

UseCase = Callable[[Transaction, Scene], Awaitable[Answer]]


class Audience(StrEnum):
    """Whom a platform's menu should show a command to; the use case checks again."""

    EVERYBODY = "everybody"
    AGENTS = "agents"
    MODERATORS = "moderators"


@dataclass(frozen=True, slots=True)
class Command:
    """One slash command."""

    name: str
    audience: Audience
    run: UseCase

    @property
    def usage(self) -> Text:
        """What to type behind the name."""
        return text(f"usage-{self.name}")

    @property
    def description(self) -> Text:
        """What it does, in one short sentence."""
        return text(f"command-{self.name}")


COMMANDS = (
    Command("covered", Audience.EVERYBODY, answering.covered_command),
    Command("ticket", Audience.EVERYBODY, opening.ticket_command),
    Command("private", Audience.EVERYBODY, opening.private_command),
    Command("place", Audience.EVERYBODY, line.place),
    Command("close", Audience.EVERYBODY, closing.close_command),
    Command("policy", Audience.EVERYBODY, policy_command),
    Command("claim", Audience.AGENTS, claiming.claim_command),
    Command("release", Audience.AGENTS, claiming.release_command),
    Command("correct", Audience.AGENTS, correcting.correct_command),
    Command("queue", Audience.AGENTS, line.queue),
    Command("mine", Audience.AGENTS, keeping.mine),
    Command("behind", Audience.AGENTS, keeping.behind),
    Command("fairness", Audience.AGENTS, fairness.fairness_command),
    Command("setup", Audience.MODERATORS, setting_up.setup_command),
    Command("panel", Audience.MODERATORS, panel_command),
    Command("block", Audience.MODERATORS, blocking.block_command),
    Command("unblock", Audience.MODERATORS, blocking.unblock_command),
)
BY_NAME = {command.name: command for command in COMMANDS}
