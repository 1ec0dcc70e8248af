"""Plays customer, agent and moderator on the real page, against the real desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Product

pytestmark = pytest.mark.browser

Picture = Callable[[Any, str], None]


def write(page: Page, words: str, where: str = "channel") -> None:
    """Type into the composer of the channel or the thread, and send."""
    page.fill(f"#{where}-field", words)
    page.press(f"#{where}-field", "Enter")


def go(page: Page, channel: str) -> None:
    page.get_by_role("button", name=re.compile(f"^#{channel}")).first.click()
    expect(page.locator("#channel-name")).to_have_text(f"#{channel}")


def open_thread_under(page: Page, words: str) -> None:
    page.locator("#channel-log article", has_text=words).locator(".chip").click()
    expect(page.locator("#thread")).to_be_visible()


def thread_card(page: Page, ruling: str) -> Any:
    return page.locator(f"#thread-log .card.ruling-{ruling}")


def test_a_first_visit_to_the_end(open_page: Open, picture: Picture) -> None:
    """A customer asks, an agent claims, answers and closes, a moderator posts the policy; everybody sees it live."""
    emma = open_page("emma", first_visit=True)
    ask_what_the_welcome_proposes(emma, picture)
    tom, aylin = open_page("tom"), open_page("aylin")
    claim_the_next(tom, aylin, picture)
    answer_and_close(tom, emma)
    marek = open_page("marek")
    post_the_policy(marek, emma, picture)


def ask_what_the_welcome_proposes(emma: Page, picture: Picture) -> None:
    expect(emma.locator("#welcome")).to_be_visible()
    picture(emma, "welcome")
    emma.get_by_role("button", name="Emma reports a defect").click()
    expect(emma.locator("#welcome")).to_be_hidden()
    expect(emma.locator("#channel-field")).to_be_focused()
    emma.keyboard.press("Enter")
    open_thread_under(emma, "gallery stopped")
    receipt = thread_card(emma, "covered")
    expect(receipt).to_contain_text("#1")
    expect(receipt.locator("blockquote")).to_be_visible()
    expect(receipt.locator("time")).to_have_count(2)
    expect(receipt.locator(".mention.me")).to_have_text("@Emma")
    picture(emma, "covered")


def claim_the_next(tom: Page, aylin: Page, picture: Picture) -> None:
    board = tom.locator("#board-words")
    expect(board).to_contain_text("gallery stopped")
    go(aylin, "agents")
    go(tom, "agents")
    tom.fill("#channel-field", "/cl")
    expect(tom.get_by_role("option")).to_have_count(2)
    tom.get_by_role("option").filter(has_text="/claim").click()
    expect(tom.locator("#channel-field")).to_have_value("/claim ")
    tom.press("#channel-field", "Enter")
    private = tom.locator("#channel-log .private")
    expect(private).to_contain_text("Only you can see this")
    expect(private).to_contain_text("Ticket #1 of Emma is yours")
    expect(board).to_contain_text("Tom: #1 Emma")
    picture(tom, "claimed")
    expect(aylin.locator("#board-words")).to_contain_text("Tom: #1 Emma")
    expect(aylin.locator(".private")).to_have_count(0)
    private.get_by_role("link", name="Thread").click()


def answer_and_close(tom: Page, emma: Page) -> None:
    go(emma, "general")
    write(tom, "Hello Emma, which version do you use?", "thread")
    unread = emma.locator("#channels button.place.unread", has_text="gallery")
    expect(unread).to_be_visible()
    unread.click()
    expect(emma.locator("#thread-log")).to_contain_text("Hello Emma, which version do you use?")
    expect(unread).to_have_count(0)
    write(emma, "2.4, and now it works again. Thank you!", "thread")
    expect(tom.locator("#thread-log")).to_contain_text("now it works again")
    write(tom, "/close Have a nice day", "thread")
    expect(emma.locator("#thread-log")).to_contain_text("has closed ticket #1")
    expect(emma.locator("#thread.shut")).to_be_visible()


def post_the_policy(marek: Page, emma: Page, picture: Picture) -> None:
    go(marek, "general")
    write(marek, "/policy")
    preview = marek.locator("#channel-log .private")
    expect(preview).to_contain_text("Item support includes")
    preview.get_by_role("button", name="Post here").click()
    posted = marek.locator("#channel-log .message:not(.private) .card")
    expect(posted).to_contain_text("Item support includes")
    go(emma, "general")
    expect(emma.locator("#channel-log .card")).to_contain_text("Item support includes")
    picture(marek, "policy")


def test_auf_deutsch_und_im_dunkeln(open_page: Open, picture: Picture) -> None:
    """What is not covered is explained in German; paid work goes by form to #sales and into no line."""
    jonas = open_page("jonas", dark=True)
    expect(jonas.locator("html")).to_have_attribute("lang", "de")
    write(jonas, "Könnt ihr mir das Theme so umbauen, dass die Startseite einen eigenen Produktfilter bekommt?")
    open_thread_under(jonas, "Produktfilter")
    verdict = thread_card(jonas, "not_covered")
    expect(verdict).to_contain_text("Nicht abgedeckt")
    expect(verdict).to_have_attribute("lang", "de")
    picture(jonas, "not-covered-dark")

    verdict.get_by_role("button", name="Formular ausfüllen").click()
    form = jonas.get_by_role("dialog")
    expect(form).to_be_visible()
    answers = ("Theme Nordlicht", "Ein Produktfilter auf der Startseite", "300 Euro", "bis Mai", "jonas@example.org")
    for field, answer in zip(form.locator("input, textarea").all(), answers, strict=True):
        field.fill(answer)
    picture(jonas, "form-dark")
    form.get_by_role("button", name="Absenden").click()
    expect(form).to_be_hidden()
    expect(jonas.locator("#thread-log .private")).to_contain_text("Für andere nicht sichtbar")
    marek = open_page("marek")
    go(marek, "sales")
    expect(marek.locator("#channel-log")).to_contain_text("Theme Nordlicht")

    verdict.get_by_role("button", name="Trotzdem ein Ticket öffnen").click()
    expect(jonas.locator("#thread-log")).to_contain_text(re.compile("Ticket Nr. ?\\d|#\\d"))
    aylin = open_page("aylin", dark=True)
    expect(aylin.locator("#board-words")).to_contain_text("Jonas")
    picture(aylin, "board-dark")


def test_customers_see_nothing_of_the_counter(open_page: Open) -> None:
    emma = open_page("emma")
    expect(emma.locator("#channels > li")).to_have_count(2)
    expect(emma.locator("#board")).to_be_hidden()
    write(emma, "/claim")
    expect(emma.locator(".private")).to_contain_text("for agents only")


def test_markup_of_others_is_only_words(open_page: Open) -> None:
    emma, jonas = open_page("emma"), open_page("jonas")
    go(emma, "general")
    go(jonas, "general")
    nasty = "<img src=x onerror=alert(1)><script>alert(2)</script> \u202egnp.exe"
    write(emma, nasty)
    spoken = jonas.locator("#channel-log .spoken").last
    expect(spoken).to_contain_text("<img src=x onerror=alert(1)>")
    assert jonas.locator("#channel-log img:not(.avatar), #channel-log script").count() == 0


def test_own_messages_are_edited_and_deleted_with_the_keyboard(open_page: Open) -> None:
    emma, tom = open_page("emma"), open_page("tom")
    go(emma, "general")
    go(tom, "general")
    write(emma, "Good mornign")
    expect(tom.locator("#channel-log .spoken").last).to_have_text("Good mornign")
    emma.press("#channel-field", "ArrowUp")
    editor = emma.locator(".editor textarea")
    expect(editor).to_be_focused()
    editor.fill("Good morning")
    editor.press("Enter")
    expect(emma.locator("#channel-field")).to_be_focused()
    expect(tom.locator("#channel-log .spoken").last).to_have_text("Good morning (edited)")
    emma.locator("#channel-log article").last.get_by_role("button", name="Delete").focus()
    emma.keyboard.press("Enter")
    expect(tom.get_by_text("Good morning (edited)")).to_have_count(0)


@pytest.mark.parametrize("person", ["emma", "aylin"])
def test_a_phone_shows_everything_and_nothing_sticks_out(open_page: Open, picture: Picture, person: str) -> None:
    page = open_page(person, width=360, height=740, first_visit=person == "emma")
    if person == "emma":
        page.get_by_role("button", name="Emma reports a defect").click()
        page.fill("#channel-field", "The menu does not open on my phone any more, nothing happens when I tap it.")
        page.keyboard.press("Enter")
        open_thread_under(page, "does not open on my phone")
        expect(page.locator("#thread-log .card")).to_be_visible()
        picture(page, "phone")
    else:
        page.locator("#open-board").click()
        expect(page.locator("#board-words .card")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Escape")
    page.locator("#open-sidebar").click()
    expect(page.locator("#sidebar #people")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#sidebar")).to_be_hidden()


def test_after_a_restart_everything_is_still_there_and_the_page_comes_back(open_page: Open, product: Product) -> None:
    emma = open_page("emma")
    go(emma, "general")
    write(emma, "Before the restart")
    expect(emma.locator("#channel-log")).to_contain_text("Before the restart")
    product.stop()
    expect(emma.locator("#status")).to_be_visible()
    write(emma, "Written while nobody listened")
    product.start()
    expect(emma.locator("#status")).to_be_hidden(timeout=20_000)
    log = emma.locator("#channel-log")
    expect(log).to_contain_text("Written while nobody listened")
    expect(log.get_by_text("Before the restart")).to_have_count(1)
    expect(log.get_by_text("Written while nobody listened")).to_have_count(1)
