"""Plays customer, agent and moderator on the real page, against the real desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Product
from tests.browser.playing import go, write

pytestmark = pytest.mark.browser

Picture = Callable[[Any, str], None]


def expect_thread_under(page: Page, words: str) -> None:
    """The thread under one's own message opens by itself."""
    expect(page.locator("#thread")).to_be_visible()
    expect(page.locator("#thread-log")).to_contain_text(words)


def ask_and_at_once(page: Page, words: str, then: str) -> None:
    """Send a message and do something else in the same moment, before any answer can come."""
    send = (
        f"const field = document.getElementById('channel-field'); field.value = {words!r}; field.form.requestSubmit();"
    )
    page.evaluate(f"() => {{ {send} {then} }}")


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
    emma.get_by_role("button", name="Emma reports a broken gallery").click()
    expect(emma.locator("#welcome")).to_be_hidden()
    expect(emma.locator("#channel-field")).to_be_focused()
    emma.keyboard.press("Enter")
    expect_thread_under(emma, "gallery stopped")
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
    expect(private).to_contain_text(re.compile("#1 .*Emma.* yours"))
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
    marek.mouse.move(5, 5)
    expect(marek.locator("#channel-log .private"), "what was said in between has gone by itself").to_have_count(
        0, timeout=15_000
    )
    posted.locator("h3").first.scroll_into_view_if_needed()
    picture(marek, "policy")


def test_private_answers_stand_where_they_were_given(open_page: Open) -> None:
    tom, aylin = open_page("tom"), open_page("aylin")
    go(tom, "sales")
    write(tom, "/policy")
    private = tom.locator("#channel-log .private")
    expect(private).to_have_count(1)
    go(aylin, "sales")
    write(aylin, "Is anybody on it?")
    expect(tom.locator("#channel-log")).to_contain_text("Is anybody on it?")
    write(tom, "/queue")
    expect(private).to_have_count(2)
    first, *_, second_last, last = tom.locator("#channel-log article").all()
    expect(first).to_contain_text("Item support includes")
    expect(second_last).to_contain_text("Is anybody on it?")
    expect(last).to_have_class(re.compile("private"))


def test_auf_deutsch_und_im_dunkeln(open_page: Open, picture: Picture) -> None:
    """What is not covered is explained in German; paid work goes by form to #sales and into no line."""
    jonas = open_page("jonas", dark=True)
    expect(jonas.locator("html")).to_have_attribute("lang", "de")
    write(jonas, "Könnt ihr mir das Theme so umbauen, dass die Startseite einen eigenen Produktfilter bekommt?")
    expect_thread_under(jonas, "Produktfilter")
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
    form.get_by_role("button", name="Send").click()
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
    emma.fill("#channel-field", "/")
    expect(emma.get_by_role("option").locator("code")).to_have_text(
        ["/covered", "/ticket", "/private", "/place", "/close", "/policy"]
    )
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


def test_the_keyboard_comes_to_the_message_box_at_once(open_page: Open) -> None:
    emma = open_page("emma")
    emma.keyboard.press("Tab")
    skip = emma.get_by_role("button", name="To the message box")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    emma.keyboard.press("Enter")
    expect(emma.locator("#channel-field")).to_be_focused()
    expect(skip).not_to_be_in_viewport()


def test_what_edits_a_message_does_not_cover_its_words(open_page: Open) -> None:
    emma = open_page("emma")
    go(emma, "general")
    emma.set_viewport_size({"width": 700, "height": 860})
    for start in ("One", "Another"):
        write(emma, f"{start} message that is far longer than one line of this window, as messages at times are. " * 2)
    expect(emma.locator("#channel-log")).to_contain_text("Another message")
    for message in emma.locator("#channel-log article").all()[-2:]:
        message.hover()
        expect(message.locator(".tools")).to_have_css("opacity", "1")
        # a few pixels do not count: the blank at a line's end, and the leading between lines
        covered = message.evaluate(
            """message => {
                const box = message.querySelector(".tools").getBoundingClientRect();
                const range = document.createRange();
                range.selectNodeContents(message.querySelector(".spoken"));
                return [...range.getClientRects()].filter((line) => line.right > box.left + 6 && line.left < box.right
                    && line.bottom > box.top + 3 && line.top < box.bottom - 3).length;
            }"""
        )
        assert covered == 0


@pytest.mark.parametrize("person", ["emma", "aylin"])
def test_a_phone_shows_everything_and_nothing_sticks_out(open_page: Open, picture: Picture, person: str) -> None:
    page = open_page(person, width=360, height=740, first_visit=person == "emma")
    if person == "emma":
        page.get_by_role("button", name="Emma reports a broken gallery").click()
        page.fill("#channel-field", "The menu does not open on my phone any more, nothing happens when I tap it.")
        page.keyboard.press("Enter")
        expect_thread_under(page, "does not open on my phone")
        expect(page.locator("#thread-log .card")).to_be_visible()
        picture(page, "phone")
    else:
        page.locator("#open-board").click()
        expect(page.locator("#board-words .card")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.documentElement.scrollHeight") <= 740
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


def test_the_answer_opens_beside_for_its_author_only(open_page: Open) -> None:
    emma, jonas = open_page("emma"), open_page("jonas")
    write(emma, "The search shows no results at all since the last update, is that a bug?")
    expect_thread_under(emma, "The search shows no results")
    expect(emma.locator("#thread-log .card").first).to_be_visible()
    expect(emma.locator("#channel-field")).to_be_focused()
    expect(emma.get_by_role("status")).to_contain_text(["Wartemarke has answered in the thread"])
    expect(jonas.locator("#channel-log .chip", has_text="search")).to_be_visible()
    expect(jonas.locator("#thread")).to_be_hidden()


def test_the_answer_calls_nobody_back_who_has_gone_elsewhere(open_page: Open) -> None:
    emma = open_page("emma")
    go_away = "document.querySelector('#channels [data-focus=general]').click();"
    ask_and_at_once(emma, "The slider throws an error since the last update, can you fix that bug?", go_away)
    expect(emma.locator("#channels button.place.unread", has_text="slider")).to_be_visible()
    expect(emma.locator("#channel-name")).to_have_text("#general")
    expect(emma.locator("#thread")).to_be_hidden()


def test_the_answer_takes_nothing_from_under_ones_fingers_on_a_phone(open_page: Open) -> None:
    jonas = open_page("jonas", width=360, height=740)
    jonas.emulate_media(reduced_motion="no-preference")
    words = "Seit dem Update stürzt der Warenkorb ab, das ist wohl ein Fehler. Könnt ihr helfen?"
    ask_and_at_once(jonas, words, "field.value = 'Und noch etwas'; field.focus();")
    expect(jonas.locator("#news")).to_contain_text("geantwortet")
    expect(jonas.locator("#thread")).to_be_hidden()
    expect(jonas.locator("#channel-field")).to_have_value("Und noch etwas")
    expect(jonas.locator("#channel-field")).to_be_focused()
    write(jonas, "Außerdem stürzt seit gestern die Bildergalerie mit einer Fehlermeldung ab.")
    expect_thread_under(jonas, "Bildergalerie")
    expect(jonas.locator("#thread-name")).to_be_focused()


def test_a_moderator_changes_the_policy(open_page: Open, picture: Picture, tmp_path: Path) -> None:
    """A phrase by form with its effects shown before; then the whole policy out as a file, and in again."""
    marek = open_page("marek", height=1000)
    go(marek, "support")
    write(marek, "/policy edit defect english")
    form = marek.locator("#form")
    expect(form).to_be_visible()
    form.locator("textarea[name=phrases]").fill("the hinge of the brochure squeaks when I leaf through it")
    picture(marek, "policy-form")
    form.get_by_role("button", name="Send").click()
    draft = marek.locator(".message.private").last
    expect(draft).to_contain_text("one phrase more")
    picture(marek, "policy-edit")
    draft.get_by_role("button", name="Apply").click()
    form.get_by_role("button", name="Send").click()
    expect(marek.locator(".message.private").last).to_contain_text("version 1 of the policy is in force")
    write(marek, "/policy export")
    with marek.expect_download() as download:
        marek.get_by_role("link", name="Download policy.yaml").click()
    file = tmp_path / "policy.yaml"
    download.value.save_as(file)
    assert "the hinge of the brochure squeaks" in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace("the hinge of the brochure squeaks", "the hinge is stuck"), "utf-8")
    write(marek, "/policy import")
    form.locator("input[type=file]").set_input_files(file)
    form.get_by_role("button", name="Send").click()
    expect(marek.locator(".message.private").last).to_contain_text("one phrase fewer", timeout=20_000)


def test_a_picture_is_seen_by_all_who_are_there_and_can_be_kept(open_page: Open) -> None:
    emma, tom, aylin = open_page("emma"), open_page("tom"), open_page("aylin", dark=True, width=400)
    write(emma, "/ticket The gallery crashes as soon as I open it")
    expect(emma.locator(".message.private").last).to_contain_text("Ticket #")
    aylin.locator("#open-sidebar").click()
    for page in (tom, aylin):
        go(page, "agents")
    write(tom, "/claim")
    expect(tom.locator(".message.private").last).to_contain_text("is now yours")
    write(tom, "/fairness picture")
    for page in (tom, aylin):
        shown = page.locator("#channel-log .picture img").last
        expect(shown).to_have_attribute("alt", re.compile("charts"), timeout=20_000)
        assert shown.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 600
        expect(shown).to_be_in_viewport()
    with tom.expect_download() as download:
        tom.get_by_role("link", name="Download fairness.png").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
