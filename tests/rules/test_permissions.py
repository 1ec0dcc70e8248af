"""Who may do what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model import Person, Refusal, ServerSettings
from bot.rules.permissions import (
    is_agent,
    is_moderator,
    is_staff,
    require_agent,
    require_close,
    require_moderator,
    require_release,
)
from tests.doubles.world import AYLIN, EMMA, JONAS, MAREK, START, TOM
from tests.rules.test_tickets import CLAIMED, WAITING

SETTINGS = ServerSettings(agent_roles=frozenset({"agent"}), moderator_roles=frozenset({"moderator"}))
BY_ROLE = Person("mia", "Mia", roles=frozenset({"moderator"}))


def test_roles_decide() -> None:
    assert is_agent(AYLIN, SETTINGS)
    assert not is_moderator(AYLIN, SETTINGS)
    assert is_moderator(BY_ROLE, SETTINGS)
    assert not is_agent(BY_ROLE, SETTINGS)
    assert not is_staff(EMMA, SETTINGS)


def test_who_may_manage_the_server_is_a_moderator_before_any_role_is_set() -> None:
    assert is_moderator(MAREK, ServerSettings())
    assert not is_agent(MAREK, ServerSettings())
    assert not is_agent(AYLIN, ServerSettings())


@pytest.mark.parametrize("person", [EMMA, MAREK])
def test_only_agents_are_agents(person: Person) -> None:
    with pytest.raises(Refusal, match="refused-not-agent"):
        require_agent(person, SETTINGS)


@pytest.mark.parametrize("person", [EMMA, AYLIN])
def test_only_moderators_are_moderators(person: Person) -> None:
    with pytest.raises(Refusal, match="refused-not-moderator"):
        require_moderator(person, SETTINGS)


def test_only_the_holder_or_a_moderator_releases() -> None:
    require_release(CLAIMED, AYLIN, SETTINGS)
    require_release(CLAIMED, MAREK, SETTINGS)
    for person in (TOM, EMMA):
        with pytest.raises(Refusal, match="refused-not-yours"):
            require_release(CLAIMED, person, SETTINGS)


def test_customers_close_their_own_tickets_and_staff_any() -> None:
    for person in (EMMA, AYLIN, MAREK):
        require_close(WAITING, person, SETTINGS)
    with pytest.raises(Refusal, match="refused-not-your-ticket"):
        require_close(WAITING, JONAS, SETTINGS)


def test_another_persons_name_opens_no_door() -> None:
    impostor = replace(JONAS, name=EMMA.name)
    with pytest.raises(Refusal):
        require_close(replace(WAITING, opened_at=START), impostor, SETTINGS)
