"""What the bot does with a customer's message, once the verdict is known."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from bot.model import Action, Mode, Ruling, Verdict

SAME_MATTER = timedelta(minutes=10)
"""What a customer writes so soon after opening a ticket probably belongs to it."""


class Response(StrEnum):
    """The possible ways to respond in a support channel."""

    NOTHING = "nothing"
    ANSWER = "answer"
    OFFER_TICKET = "offer"
    OFFER_SAME_TICKET = "same ticket"
    """It may belong to the ticket that the customer has opened a moment ago."""
    OPEN_TICKET = "open"


def respond(verdict: Verdict, mode: Mode, *, asks_about_policy: bool, has_fresh_ticket: bool) -> Response:
    """Answer questions, open tickets for covered requests, ask when unsure, and keep quiet otherwise."""
    if mode is Mode.QUIET or verdict.action is Action.SILENT or verdict.ruling is Ruling.SILENCE:
        return Response.NOTHING
    is_request = verdict.action is Action.OFFER or (verdict.ruling is Ruling.COVERED and not asks_about_policy)
    if is_request and has_fresh_ticket and verdict.ruling is not Ruling.NOT_IN_POLICY:
        return Response.OFFER_SAME_TICKET
    if verdict.action is Action.OFFER:
        return Response.OFFER_TICKET
    if is_request and mode is Mode.AUTO:
        return Response.OPEN_TICKET
    return Response.ANSWER
