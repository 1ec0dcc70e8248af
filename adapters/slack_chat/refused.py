"""What Slack does not let us do, and an operator can mend."""

from __future__ import annotations


class SlackRefused(OSError):  # noqa: N818 (an answer of Slack's that an operator can mend)
    """Slack does not let us in, or we cannot read what lets us in; one sentence with the remedy."""


DEAD_TOKEN = frozenset({"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"})
"""What Slack says of a token with which nothing can be done any more."""
