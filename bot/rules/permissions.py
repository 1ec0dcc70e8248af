"""Who may do what. Checked here whatever a platform's own menus show."""

from __future__ import annotations

from bot.model import Person, Refusal, ServerSettings, Ticket, TicketState


def is_agent(person: Person, settings: ServerSettings) -> bool:
    """Whether this person claims and answers tickets."""
    return not person.roles.isdisjoint(settings.agent_roles)


def is_moderator(person: Person, settings: ServerSettings) -> bool:
    """Whether this person decides about the policy and the settings."""
    return person.is_admin or not person.roles.isdisjoint(settings.moderator_roles)


def is_staff(person: Person, settings: ServerSettings) -> bool:
    """Agents and moderators: the bot never takes what they write for a customer's question."""
    return is_agent(person, settings) or is_moderator(person, settings)


def require_agent(person: Person, settings: ServerSettings) -> None:
    """Refuse everybody but agents."""
    if not is_agent(person, settings):
        raise Refusal("refused-not-agent")


def require_staff(person: Person, settings: ServerSettings) -> None:
    """Refuse customers."""
    if not is_staff(person, settings):
        raise Refusal("refused-not-agent")


def require_moderator(person: Person, settings: ServerSettings) -> None:
    """Refuse everybody but moderators."""
    if not is_moderator(person, settings):
        raise Refusal("refused-not-moderator")


def require_release(ticket: Ticket, person: Person, settings: ServerSettings) -> None:
    """Only who holds a ticket gives it back; a moderator may do it for somebody who cannot."""
    if ticket.agent != person.id and not is_moderator(person, settings):
        raise Refusal("refused-not-yours", number=ticket.number, agent=ticket.agent_name or "?")


def require_close(ticket: Ticket, person: Person, settings: ServerSettings) -> None:
    """Customers close their own tickets, agents what nobody else has claimed, moderators any."""
    if ticket.customer == person.id or is_moderator(person, settings):
        return
    if not is_agent(person, settings):
        raise Refusal("refused-not-your-ticket", number=ticket.number)
    if ticket.state is TicketState.CLAIMED and ticket.agent != person.id:
        raise Refusal("refused-not-your-claim", number=ticket.number, agent=ticket.agent_name or "?")
