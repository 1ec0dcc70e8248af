"""App Home: customers' tickets and places; for agents also the line, and the next ticket by a button."""

from __future__ import annotations

from adapters.slack_chat.manifest import manifest
from tests.doubles.slack.people import Person
from tests.doubles.slack.world import View
from tests.slack_chat.conftest import REQUEST, Shop
from tests.slack_chat.shop import ABSTURZ, WUNSCH, done, labels, presses, presses_in_modal


async def at_home(shop: Shop, person: Person) -> View:
    """What stands in somebody's Home tab when they look at it."""
    before = person.home.hash if person.home else ""
    await person.opens_home()
    await shop.slack.until(lambda: person.home and person.home.hash != before)
    assert person.home is not None
    return person.home


async def test_a_customer_sees_tickets_and_can_begin_everything(shop: Shop) -> None:
    shop.slack.follow(manifest())
    home = await at_home(shop, shop.jonas)
    assert "Sie haben kein offenes Ticket." in home.shown
    assert "Warteschlange" not in home.shown
    form = await shop.jonas.presses(home, "Ticket öffnen")
    sent = await done(shop, shop.jonas.fills_in(form, {"Wobei können wir helfen?": ABSTURZ}))
    assert "Ihr Ticket hat die Nummer 1" in sent.text
    await shop.slack.until(lambda: "Ticket #1 ist als Nächstes dran." in home.shown)
    assert "4711" not in home.shown
    place = await presses(shop, shop.jonas, home, "Mein Platz")
    assert "Ticket #1 ist als Nächstes dran." in place.modal.shown


async def test_every_button_of_the_home_tab_answers_in_a_modal(shop: Shop) -> None:
    home = await at_home(shop, shop.jonas)
    asked = await shop.jonas.presses(home, "Ist das abgedeckt?")
    read = await done(shop, shop.jonas.fills_in(asked, {"Ihre Frage": WUNSCH}))
    assert "Nicht abgedeckt" in read.text
    assert "Ihr Ticket hat die Nummer 1" in await presses_in_modal(shop, shop.jonas, read, "Trotzdem ein Ticket öffnen")
    await shop.slack.until(lambda: "Ticket #1" in home.shown)
    for button in ("Privates Ticket", "Kostenpflichtige Lösung"):
        form = await shop.jonas.presses(home, button)
        assert form.has_modal
        shop.jonas.closes(form)
    await shop.asks(shop.jonas, "/close-ticket 1")
    await shop.jonas.presses(home, "Aktualisieren")
    await shop.slack.until(lambda: "Sie haben kein offenes Ticket." in home.shown)


async def test_an_agent_sees_the_line_and_claims_its_head(shop: Shop) -> None:
    await shop.says(shop.emma, REQUEST)
    await shop.asks(shop.jonas, f"/private {ABSTURZ}")
    home = await at_home(shop, shop.tom)
    assert "The line: 2 tickets" in home.shown
    assert labels(home)[0] == "Claim next"
    assert "stürzt" not in home.shown, "of private tickets lists tell no words"
    claimed = await presses(shop, shop.tom, home, "Claim next")
    assert "Ticket #1 from emma is now yours" in claimed.modal.shown
    await shop.slack.until(lambda: "The line: one ticket" in home.shown)
    assert "Yours" in home.shown
    assert "back in line at its old place: number 1" in await presses_in_modal(shop, shop.tom, claimed, "Release")
    await shop.slack.until(lambda: "The line: 2 tickets" in home.shown)


async def test_the_messages_tab_is_none_of_our_business(shop: Shop) -> None:
    await shop.emma.opens_home("messages")
    await shop.settled()
    assert shop.slack.calls("views.publish") == []
