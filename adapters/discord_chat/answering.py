"""The desk's private answers: given to the interaction itself, which costs none of the counted requests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any

import discord
import structlog

from adapters.discord_chat.forms import modal_of
from adapters.discord_chat.show import file_of, people_meant, views
from bot.model import Block, BlockKind, Content, File, Language, Reply
from bot.texts import text

PATIENCE = timedelta(seconds=2)
"""After so long we ask for more time; after three seconds Discord would give up on us
(developers/interactions/receiving-and-responding, "Interaction Callback")."""

_log = structlog.get_logger(__name__)


async def answer(
    interaction: discord.Interaction[Any],
    asking: Coroutine[Any, Any, Reply | None],
    commands: Mapping[str, int],
) -> None:
    """Answer with what the desk says, in time."""
    handling = asyncio.ensure_future(asking)
    try:
        await asyncio.wait({handling}, timeout=PATIENCE.total_seconds())
        if not handling.done():
            await interaction.response.defer(ephemeral=True, thinking=True)
        reply = await handling
        if reply is not None:
            await _tell(interaction, reply, commands)
    except discord.HTTPException as error:  # the person reads that it failed; what was committed stays and is delivered
        reply = await handling
        _log.warning("an answer came too late", kind=str(interaction.type), status=error.status, code=error.code)
        if reply is not None and reply.is_public:
            await _say_last_words(interaction, reply, commands)


async def _tell(interaction: discord.Interaction[Any], reply: Reply, commands: Mapping[str, int]) -> None:
    was_late = interaction.response.is_done()
    if reply.form is not None and not was_late:
        await interaction.response.send_modal(modal_of(reply.form, interaction.guild))
        return
    content = reply.content or please_again(interaction)
    is_private = not reply.is_public
    parts = views(content, commands, file_of(reply.file) if reply.file else None)
    for number, view in enumerate(parts):
        file, meant = reply.file if view is parts[-1] else None, people_meant(content)
        if was_late and number == 0:  # Discord has fixed that this one is private
            await interaction.edit_original_response(view=view, attachments=_files(file), allowed_mentions=meant)
            if reply.is_public:
                await interaction.followup.send(view=view, files=_files(file), allowed_mentions=meant)
        elif number == 0:
            await interaction.response.send_message(
                view=view, files=_files(file), ephemeral=is_private, allowed_mentions=meant
            )
        else:
            await interaction.followup.send(view=view, files=_files(file), ephemeral=is_private, allowed_mentions=meant)
    if was_late and reply.is_public and reply.file is None:  # what ends a thread has no file
        await _put_away(interaction)


def _files(file: File | None) -> list[discord.File]:
    """For one request: it reads the file to its end."""
    return [] if file is None else [file_of(file)]


async def _say_last_words(interaction: discord.Interaction[Any], reply: Reply, commands: Mapping[str, int]) -> None:
    """The customer reads them in the thread, even if whoever said them could not be answered."""
    if isinstance(interaction.channel, discord.Thread) and reply.content is not None:
        for view in views(reply.content, commands):
            await interaction.channel.send(view=view, allowed_mentions=people_meant(reply.content))
        await _put_away(interaction)


async def _put_away(interaction: discord.Interaction[Any]) -> None:
    """Late words have opened the thread again."""
    if isinstance(interaction.channel, discord.Thread):
        await interaction.channel.edit(archived=True)


def please_again(interaction: discord.Interaction[Any]) -> Content:
    """A form cannot follow when we had to ask for more time; a file that cannot be read can be sent once more."""
    language = Language.of_locale(str(interaction.locale)) or Language.EN
    return Content(language, (Block(BlockKind.PARAGRAPH, text("please-again")),))
