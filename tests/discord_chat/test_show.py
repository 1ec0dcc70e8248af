"""Our messages on Discord: within its limits whatever they hold, and with nothing left in memory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
import pytest_asyncio
import simcord
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.discord_chat.show import DeskButton, file_of, people_meant, views
from bot.model import Block, BlockKind, Button, ButtonStyle, Content, File, Language, Mention, Roles, Ruling
from bot.texts import Holes, heading, item, note, paragraph, quote, text

LONGEST_TEXT, MOST_COMPONENTS = 4_000, 40
WORDS = ["Hallo ", "*", "x" * 700, "\n", "\n\n", "- ", "# ", "😀" * 50, "https://a.de/b ", "@everyone ", "1. ", "ü" * 9]
NO_COMMANDS: dict[str, int] = {}


def texts_of(view: discord.ui.LayoutView) -> list[str]:
    return [part.content for part in view.walk_children() if isinstance(part, discord.ui.TextDisplay)]


def buttons_of(view: discord.ui.LayoutView) -> list[DeskButton]:
    return [part for part in view.walk_children() if isinstance(part, DeskButton)]


def content(*blocks: Block, buttons: int = 0, ruling: Ruling | None = None) -> Content:
    some = tuple(Button(f"claim:{number}", text("button-claim")) for number in range(buttons))
    return Content(Language.EN, blocks, some, ruling)


def told(markdown: str) -> str:
    """The letters that Discord shows, without the signs that begin our lines."""
    plain = "\n".join(re.sub(r"^(?:### |> |-# |- |  )", "", line) for line in markdown.split("\n"))
    unwrapped = re.sub(r"(?<!\\)<(https?://[^>]*)>", r"\1", plain)
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", unwrapped)


def letters(words: str) -> str:
    return "".join(words.replace("\u200b", "").split())


contents = st.builds(
    lambda blocks, buttons: content(*blocks, buttons=buttons),
    st.lists(
        st.builds(
            Block,
            st.sampled_from(BlockKind),
            st.lists(st.sampled_from(WORDS) | st.text(max_size=9), max_size=25).map("".join),
        ),
        max_size=12,
    ),
    st.integers(0, 25),
)


@settings(max_examples=60, deadline=None)
@given(content=contents)
async def test_whatever_is_said_keeps_the_limits_and_loses_nothing(content: Content) -> None:
    shown = views(content, NO_COMMANDS)
    for view in shown:
        assert sum(len(part.encode("utf-16-le")) // 2 for part in texts_of(view)) <= LONGEST_TEXT
        assert view.total_children_count <= MOST_COMPONENTS
        assert view.total_children_count == 1 + len(list(view.walk_children())) - 1
        assert all(part.strip() for part in texts_of(view))
    assert [len(buttons_of(view)) for view in shown] == [0] * (len(shown) - 1) + [len(content.buttons)]
    said = Holes().foreign("".join(str(block.words) for block in content.blocks))
    assert letters("".join(told(part) for view in shown for part in texts_of(view))) == letters(said)


@pytest.mark.parametrize(
    ("gap", "unit"),
    [("\n\n", "A paragraph of its own."), ("\n", "A line of its own."), (" ", "word")],
    ids=["paragraphs", "lines", "words"],
)
async def test_what_is_too_long_is_cut_between(gap: str, unit: str) -> None:
    long = gap.join([unit] * (9_000 // len(gap + unit)))
    shown = views(content(paragraph(long)), NO_COMMANDS)
    assert len(shown) == 3
    for view in shown:
        (part,) = texts_of(view)
        assert part.startswith(unit)
        assert part.endswith(unit)


@pytest.mark.parametrize(
    ("block", "first", "further"),
    [
        (quote, "> ", "> "),
        (note, "-# ", "-# "),
        (heading, "### ", "### "),
        (item, "- ", "  "),
        (paragraph, "", ""),
    ],
)
async def test_a_cut_line_goes_on_as_what_it_was(block: Any, first: str, further: str) -> None:
    words = "a" * 3_990 + " +" + "b" * 30
    beginning, rest = (texts_of(view)[0] for view in views(content(block(words)), NO_COMMANDS))
    assert beginning == first + "a" * 3_990
    assert rest == further + "\\+" + "b" * 30


async def test_every_line_of_a_quotation_is_quoted() -> None:
    (view,) = views(content(quote("one\ntwo\n\nthree")), NO_COMMANDS)
    assert texts_of(view) == ["> one\n> two\n> \n> three"]


async def test_what_belongs_together_is_one_text() -> None:
    blocks = [heading("h"), paragraph("p"), quote("q"), quote("r"), note("n"), paragraph("o"), item("i"), item("j")]
    (view,) = views(content(*blocks), NO_COMMANDS)
    assert texts_of(view) == ["### h\np\n> q", "> r\n-# n", "o\n- i\n- j"]


@pytest.mark.parametrize("ruling", [*Ruling, None])
async def test_the_ruling_gives_the_colour(ruling: Ruling | None) -> None:
    (view,) = views(content(paragraph("p"), ruling=ruling), NO_COMMANDS)
    (container,) = view.children
    assert isinstance(container, discord.ui.Container)
    coloured = ruling in {Ruling.COVERED, Ruling.NOT_COVERED, Ruling.PAID, Ruling.PROCESS}
    assert (container.accent_colour is not None) == coloured


async def test_buttons_look_as_they_are_meant() -> None:
    labels = text("button-category", title="t" * 200)
    some = tuple(Button(f"{style}:1", labels, style) for style in ButtonStyle)
    (view,) = views(Content(Language.EN, (paragraph("p"),), some), NO_COMMANDS)
    buttons = [button.item for button in buttons_of(view)]
    styles = discord.ButtonStyle
    assert [button.style for button in buttons] == [styles.primary, styles.secondary, styles.danger]
    assert all(len(button.label or "") == 80 for button in buttons)
    assert [button.custom_id for button in buttons] == ["primary:1", "plain:1", "danger:1"]


def test_only_the_people_whom_we_mention_are_called() -> None:
    inner = text("receipt-none", person=Mention("17"))
    meant = people_meant(
        content(paragraph(text("refused-field-missing", field=inner)), quote("<@18> @everyone"), paragraph("<@&19>"))
    )
    sent: dict[str, object] = {**meant.to_dict()}
    assert sent == {"parse": [], "users": [17]}


def test_only_roles_that_are_called_are_called() -> None:
    alert = text("setup-moderators", roles=Roles(("21", "20", "20"), is_called=True))
    named = text("setup-moderators", roles=Roles(("22",)))
    sent: dict[str, object] = {**people_meant(content(paragraph(alert), paragraph(named), quote("<@&23>"))).to_dict()}
    assert sent == {"parse": [], "users": [], "roles": [20, 21]}


@pytest.mark.parametrize(
    ("name", "safe"), [("policy.yaml", "policy.yaml"), ("../Ü b.yaml", "b.yaml"), ("ä", "file"), ("", "file")]
)
async def test_a_file_is_shown_by_the_name_that_it_has(name: str, safe: str) -> None:
    file = file_of(File(name, "Grüße".encode()))
    assert file.filename == safe
    assert file.fp.read() == "Grüße".encode()
    *_, last = views(content(paragraph("p " * 3_000), buttons=2), NO_COMMANDS, file)
    shown = [part.media.url for part in last.walk_children() if isinstance(part, discord.ui.File)]
    assert shown == [f"attachment://{safe}"]


async def test_a_picture_is_seen_at_once_and_told_to_those_who_cannot_see_it() -> None:
    file = file_of(File("waits.png", b"\x89PNG", "How long customers waited. " * 20))
    *_, last = views(content(paragraph("p"), buttons=2), NO_COMMANDS, file)
    (gallery,) = [part for part in last.walk_children() if isinstance(part, discord.ui.MediaGallery)]
    (shown,) = gallery.items
    assert shown.media.url == "attachment://waits.png"
    assert shown.description == file.description
    assert len(shown.description or "") == 256
    assert last.total_children_count == 1 + 1 + 1 + 1 + 2  # container, words, picture, row of buttons


# --- on a server --------------------------------------------------------------------------------------


class Client(discord.Client):
    """Shows a message with buttons, and notes which are pressed."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default())
        self.actions: list[str] = []
        self.add_dynamic_items(DeskButton)

    async def pressed(self, interaction: discord.Interaction[Any], action: str) -> None:
        self.actions.append(action)
        (view,) = views(content(paragraph("done"), buttons=1), NO_COMMANDS)
        await interaction.response.send_message(view=view, ephemeral=True)

    @property
    def remembered(self) -> list[object]:
        store = self._connection._view_store  # noqa: SLF001 (what is kept in memory is told nowhere else)
        return [*store._views, *store._synced_message_views, *store._modals]  # noqa: SLF001 (the same)


@pytest.fixture
def simcord_bot() -> Client:
    return Client()


@pytest_asyncio.fixture
async def channel(simcord_env: simcord.Env) -> AsyncIterator[simcord.ChannelHandle]:
    yield simcord_env.create_guild().create_text_channel("support")


async def test_buttons_work_after_a_restart_and_nothing_is_remembered(
    simcord_env: simcord.Env, simcord_bot: Client, channel: simcord.ChannelHandle
) -> None:
    emma = simcord_env.guild.add_member(simcord_env.create_user("emma"))
    place = simcord_bot.get_channel(channel.id)
    assert isinstance(place, discord.TextChannel)
    (view,) = views(content(heading("Hello"), quote("a\nb"), buttons=7), NO_COMMANDS)
    message = await place.send(view=view, allowed_mentions=discord.AllowedMentions.none())

    answer = await emma.click(message, custom_id="claim:6")
    assert answer.ephemeral
    assert simcord_bot.actions == ["claim:6"]
    assert simcord_bot.remembered == []

    restarted = Client()
    await simcord_env.restart_bot(restarted)
    await emma.click(message, custom_id="claim:2")
    assert restarted.actions == ["claim:2"]
    assert answer.response is not None
    await emma.click(answer.response, custom_id="claim:0")
    assert restarted.actions == ["claim:2", "claim:0"]
    assert restarted.remembered == []


async def test_a_file_can_be_sent(
    simcord_env: simcord.Env, simcord_bot: Client, channel: simcord.ChannelHandle
) -> None:
    place = simcord_bot.get_channel(channel.id)
    assert isinstance(place, discord.TextChannel)
    for name in ("policy.yaml", "waits.png"):
        file = file_of(File(name, b"a: b"))
        (view,) = views(content(paragraph("the policy"), buttons=1), NO_COMMANDS, file)
        message = await place.send(view=view, file=file)
        assert [attachment.filename for attachment in message.attachments] == [name]
