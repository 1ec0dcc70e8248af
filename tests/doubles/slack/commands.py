"""Slack's own slash commands, whose names no app can have."""

from __future__ import annotations

_NAMES = """
    active apps archive away call close collapse dm dnd expand feed feedback huddle invite invite_people join keys kick
    leave list me msg mute open part prefs pro remind remove rename s search shortcuts shrug star starred status topic
    unarchive who
"""
BUILT_IN = frozenset(f"/{name}" for name in _NAMES.split())
"""Slack's help and old clients name them; some exist no longer, but may still be refused. `/close` leaves a channel."""
