"""The log: readable on a terminal, JSON elsewhere. Names things by id; never holds secrets or what people wrote."""

from __future__ import annotations

import logging
import sys

import structlog

from bot.settings import LogFormat, LogLevel


def set_up(level: LogLevel, log_format: LogFormat) -> None:
    """Send our log and that of the libraries to standard error, in one form."""
    as_json = log_format is LogFormat.JSON or (log_format is LogFormat.AUTO and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]  # no local variables
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for chatty in ("aiohttp.access", "alembic", "watchfiles"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    discord = logging.getLogger("discord")
    discord.setLevel(max(discord.getEffectiveLevel(), logging.INFO))  # its debug log tells what people write
