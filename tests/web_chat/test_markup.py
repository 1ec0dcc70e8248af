"""Our words as HTML: only our own pieces are markup."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.web_chat.markup import to_html, to_plain
from bot.model import ChannelLink, Language, Mention, Moment, Roles, ThreadLink
from bot.texts import text

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def test_mentions_name_the_person() -> None:
    told = text("receipt-none", person=Mention("emma"))
    mention = '<span class="mention" data-person="emma"><bdi>@Emma</bdi></span>'
    assert to_html(told, Language.EN).startswith(mention)
    assert to_plain(told, Language.EN).startswith("@Emma")
    assert '"&quot;&gt;&lt;i&gt;"' in to_html(text("receipt-none", person=Mention('"><i>')), Language.EN)


def test_a_role_is_lit_up_for_those_who_have_it() -> None:
    told = to_html(text("setup-moderators", roles=Roles(("agent", "<b>"))), Language.EN)
    assert '<span class="mention" data-role="agent"><bdi>@agent</bdi></span>, ' in told
    assert 'data-role="&lt;b&gt;"' in told
    assert "<b>" not in told


def test_moments_can_be_read_by_the_page_and_without_it() -> None:
    told = to_html(text("expect-normal", span="1", soft=Moment(AT), hard=Moment(AT)), Language.EN)
    assert told.count('<time datetime="2026-03-04T05:06:00+00:00">Wed 4 March, 05:06') == 2


def test_places_become_links() -> None:
    thread = to_html(text("claimed-where", thread=ThreadLink("support", "17")), Language.DE)
    assert 'data-channel="support" data-thread="17"' in thread
    channel = to_html(text("setup-sales", channel=ChannelLink("sales")), Language.DE)
    assert 'data-channel="sales">#sales</a>' in channel


def test_what_others_wrote_stays_words() -> None:
    forged = "\ue0000\ue001<b>&\u202e"
    told = to_html(text("because", person=Mention("emma"), excerpt=forged, phrase="@everyone"), Language.EN)
    assert "<bdi>0&lt;b&gt;&amp;\u202e</bdi>" in told
    assert "<bdi>@everyone</bdi>" in told
    assert told.count('class="mention"') == 1
