"""The panel: a standing message in a channel with everything that a customer can begin with."""

from __future__ import annotations

from bot.desk.scene import Scene
from bot.model import Button, ButtonStyle, Content, Language, Reply, Say
from bot.rules.permissions import require_moderator
from bot.store.database import Transaction
from bot.texts import heading, note, paragraph, text


async def panel_command(tx: Transaction, scene: Scene) -> Reply:
    """`/panel` posts it in this channel."""
    require_moderator(scene.person, scene.settings)
    event = scene.event
    content = panel_content(scene, scene.settings.language)
    say = Say(server=scene.server, channel=event.channel, thread=event.thread, content=content)
    await scene.owe(tx, f"panel/{event.channel}", say)
    return scene.reply_text("panel-posted")


def panel_content(scene: Scene, language: Language) -> Content:
    """What there is to be had, each as a button that works for everybody, again and again."""
    blocks = (heading(text("panel-heading")), paragraph(text("panel")), note(text("first-come")))
    return scene.content(*blocks, buttons=panel_buttons(), language=language)


def panel_buttons() -> tuple[Button, ...]:
    """What a customer can begin with."""
    return (
        Button("ticket", text("button-ask-ticket"), ButtonStyle.PRIMARY),
        Button("private", text("button-ask-private")),
        Button("covered", text("button-ask-covered")),
        Button("paid", text("button-ask-paid")),
        Button("place", text("button-place")),
    )
