"""Private tickets, the menu of a message, and calling the bot by its name, on the real page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.playing import go, write

pytestmark = pytest.mark.browser

SECRET = "The gallery throws an error since the update, my order is number 4711"


def listed(page: Page) -> Locator:
    """The private threads in the left column."""
    return page.locator("#channels ul button.place", has_text="4711")


def test_a_private_ticket_is_for_its_customer_and_staff_only(open_page: Open) -> None:
    emma, jonas = open_page("emma"), open_page("jonas")
    aylin = open_page("aylin", dark=True)
    write(emma, f"/private {SECRET}")
    expect(emma.locator("#thread-log .card")).to_contain_text("4711")
    expect(emma.get_by_role("heading", name=re.compile("private #1 .*4711"))).to_be_visible()
    expect(listed(emma)).to_have_accessible_name(re.compile("only the customer, agents and moderators"))
    listed(aylin).click()
    expect(aylin.get_by_role("heading", name=re.compile("privat #1 .*4711"))).to_be_visible()
    write(aylin, "Welche Version denn?", "thread")
    expect(emma.locator("#thread-log")).to_contain_text("Welche Version denn?")
    emma.locator("#close-thread").click()
    listed(emma).click()
    write(emma, "/close", "thread")
    expect(emma.locator("#thread.shut")).to_be_visible()
    expect(emma.locator("#thread-log")).to_contain_text("has closed ticket #1")
    expect(emma.locator("#thread-log .private")).to_have_count(0)
    expect(listed(emma), "no message leads to it").to_be_visible()
    expect(listed(aylin)).to_have_count(0)
    write(emma, "Hello everybody")
    expect(jonas.locator("#channel-log")).to_contain_text("Hello everybody")
    assert "4711" not in jonas.content()
    jonas.reload()
    expect(jonas.locator("#channel-log")).to_contain_text("Hello everybody")
    assert "4711" not in jonas.content()


def test_the_menu_of_a_message_by_keyboard_and_mouse(open_page: Open) -> None:
    emma, jonas = open_page("emma"), open_page("jonas", dark=True, width=360, height=740)
    go(emma, "general")
    jonas.locator("#open-sidebar").click()
    go(jonas, "general")
    write(emma, "The checkout shows an error message since the last update")
    message = emma.locator("#channel-log article[data-message]").last
    more = message.get_by_role("button", name="What the bot can do")
    more.focus()
    emma.keyboard.press("Enter")
    items = emma.get_by_role("menuitem")
    expect(items.nth(0)).to_be_focused()
    emma.keyboard.press("ArrowUp")
    expect(items.nth(2)).to_be_focused()
    emma.keyboard.press("Escape")
    expect(items).to_have_count(0)
    expect(more).to_be_focused()
    emma.keyboard.press("Enter")
    emma.keyboard.press("Enter")
    private = emma.locator("#channel-log .private")
    expect(private).to_contain_text("covered")
    message.click(button="right")
    emma.get_by_role("menuitem", name="Open a private ticket").click()
    expect(emma.get_by_role("heading", name=re.compile("private #"))).to_be_visible()
    jonas.get_by_role("button", name="Was der Bot mit dieser Nachricht tun kann").last.click()
    menu = jonas.get_by_role("menu")
    expect(menu.get_by_role("menuitem")).to_have_text(
        ["Ist das abgedeckt?", "Daraus ein Ticket öffnen", "Privates Ticket öffnen"]
    )
    box = menu.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    menu.get_by_role("menuitem", name="Ist das abgedeckt?").click()
    expect(jonas.locator("#channel-log .private")).to_be_visible()


def test_whoever_calls_the_bot_by_name_is_answered_in_any_channel(open_page: Open) -> None:
    emma = open_page("emma")
    go(emma, "general")
    write(emma, "@wartemarke can you fix the error that the slider shows since the update?")
    expect(emma.locator("#channel-log .mention", has_text="@wartemarke")).to_be_visible()
    expect(emma.locator("#channel-log .card")).to_be_visible()
