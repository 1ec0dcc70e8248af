"""Very long and hostile words: shown as they are, calling nobody. That all we send is within Discord's limits, and that
nothing broke, is looked at after every test with a shop.
"""  # noqa: D205

from __future__ import annotations

import pytest

from tests.discord_chat.conftest import Shop, newest, words

LONGEST_MESSAGE = 2_000
"""What somebody without Nitro can write."""
HOSTILE = {
    "everybody": "@everyone @here the gallery crashes",
    "mentions": "<@1> <@!2> <@&3> <#4> the gallery crashes",
    "markdown": "# the **gallery** ||crashes|| ```and``` `so` > on\n- a\n1. b\n-# c\n> d\n>>> e",
    "links": "[the gallery](https://evil.example) crashes </setup:1> <t:1:R> <:emoji:1> https://evil.example/_a_",
    "unicode": "the gallery crashes " + "👩‍👩‍👧‍👦" * 170,
    "towers": "the gallery crashes e" + "\u0301" * 1_900,
    "right to left": "the gallery crashes \u202egnihtyreve\u202c \u200f\u2066",
    "control": "the gallery crashes \x00\x07\x1b[31m",
    "long word": "crash" * 400,
    "long lines": ("the gallery crashes and crashes again and again. " * 40)[:LONGEST_MESSAGE],
    "line ends": "the gallery crashes" + "\n" * 1_900 + "really",
    "backslashes": "the gallery crashes " + "\\*" * 900,
    "formulas": "the gallery crashes { $number } {{ 7*7 }} %s {0} { 'a' }",
    "sql": "the gallery crashes'); DROP TABLE tickets; --",
    "nothing to see": "\u200b\u2060\ufeff",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_words_go_all_the_way_and_do_no_harm(shop: Shop, text: str) -> None:
    await shop.says(shop.emma, text)
    message = await shop.says(shop.emma, text, shop.general)
    await shop.picks(shop.emma, message, "Is this covered?")
    await shop.picks(shop.emma, message, "Open a ticket from this")
    await shop.uses(shop.emma, "ticket", text=text, private=True)
    await shop.uses(shop.aylin, "claim", shop.agents)
    await shop.uses(shop.aylin, "claim", shop.agents, number=2, reason=text)
    await shop.uses(shop.aylin, "queue", shop.agents)
    await shop.uses(shop.aylin, "close", shop.agents, number=1, words=text)
    await shop.uses(shop.marek, "policy", action="test", text=text)
    await shop.uses(shop.marek, "policy", text=text)
    people = {str(person.id) for person in (shop.emma, shop.aylin, shop.marek)}
    for sent in shop.sent:
        assert set(map(str, sent["allowed_mentions"].get("users", []))) <= people
    for place in (shop.support, shop.general, shop.agents, *shop.threads):
        ours = [shown for shown in place.history() if shown.author.mention == shop.bot]
        assert not [shown for shown in ours if shown.mention_everyone or shown.role_mentions]


async def test_what_customers_write_is_shown_and_not_obeyed(shop: Shop) -> None:
    await shop.says(shop.emma, "the gallery crashes: @everyone <@&3> **bold** [link](https://evil.example)")
    claimed = words(await shop.uses(shop.aylin, "claim", shop.agents))
    assert "**bold**" not in claimed
    assert "<@&3>" not in claimed
    assert "](https" not in claimed


async def test_a_name_is_shown_and_not_obeyed(shop: Shop) -> None:
    mallory = shop.guild.add_member(shop.env.create_user("mallory"), nick="**@everyone** <@&3>")
    await shop.says(mallory, "The gallery crashes as soon as I open it since yesterday")
    claimed = words(await shop.uses(shop.aylin, "claim", shop.agents))
    assert "**@everyone**" not in claimed
    assert "<@&3>" not in claimed
    assert "everyone" in claimed


async def test_the_longest_request_of_a_form_is_taken_whole(shop: Shop) -> None:
    form = await shop.uses(shop.emma, "ticket")
    text = ("The gallery crashes. " * 200)[:3_999] + "!"
    await shop.fills_in(shop.emma, form, text=text)
    opening = "".join(words(message) for message in shop.support.history()[1:])
    assert opening.count("gallery") == text.count("gallery")
    assert "Ticket #1: we have your request" in words(newest(shop.thread))
    await shop.uses(shop.aylin, "close", shop.thread, words="*_" * 1_999)


async def test_a_long_line_fits_on_the_board(shop: Shop) -> None:
    for number in range(12):
        customer = shop.joins(f"customer-{number}-{'x' * 15}")
        await shop.uses(customer, "ticket", text="**_~`|" * 300)
    assert "12 Tickets" in words(shop.board)
    await shop.uses(shop.aylin, "queue", shop.agents)
