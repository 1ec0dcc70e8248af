"""Slack: the desk in real workspaces, by slack-bolt."""

from __future__ import annotations

from adapters.slack_chat.addresses import PREFIX
from adapters.slack_chat.app import create_app
from adapters.slack_chat.chat import SlackChat
from adapters.slack_chat.refused import SlackRefused

__all__ = ["PREFIX", "SlackChat", "SlackRefused", "create_app"]
