"""The command line, and the one place where the desk, its store and the chats are put together."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import asdict
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import asyncpg
import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from adapters import discord_chat, slack_chat, web_chat
from adapters.slack_chat.manifest import manifest
from bot import log
from bot.app import alone_with, learn, learn_all, serve
from bot.bench import measure
from bot.coverage.compare import METHODS, compare, held_out
from bot.coverage.evaluate import Evaluation, Labelled, evaluate, measured, read_labelled
from bot.coverage.lines import match_lines, read_texts, refuse
from bot.coverage.matcher import Matcher
from bot.coverage.near_duplicates import near_duplicates
from bot.coverage.policy import Policy, PolicyError, load_policy
from bot.coverage.stress import foreign, stress
from bot.coverage.tables import comparison_table, evaluation_tables, stress_tables
from bot.desk.desk import utc_now
from bot.model import Chat
from bot.replay import replay
from bot.rules.record import BrokenLink, Chain, Fault
from bot.settings import LogLevel, Settings, SettingsError, read_settings
from bot.store import migrations
from bot.store.copying import copy, source_of
from bot.store.engines import DatabaseError, name_of, open_database, url_of
from bot.store.outbox import dead_letters, owed_count, revive
from bot.store.verifying import chains

P = ParamSpec("P")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Wartemarke tells customers at once what the support policy covers, hands out numbers, and serves first come, "
    "first served. Start with: wartemarke try",
)
slack = typer.Typer(no_args_is_help=True, help="What the installation in Slack needs.")
app.add_typer(slack, name="slack")
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True)
_USAGE = 2
_MOST_TROUBLE = 20
"""Sentences about broken records."""
_FAULTS = {
    Fault.CHANGED: "this entry, or what stood directly before it, is not what the bot wrote",
    Fault.UNHASHED: "this entry was not written by the bot",
    Fault.ENDS_ELSEWHERE: "the record does not end with what the bot wrote last",
}

_REMEDIES = {
    "malformed": "- The file is damaged: stop the bot, keep a copy of the file, and put a backup in its place; without "
    "a backup, `sqlite3 DAMAGED .recover | sqlite3 NEW` saves what can still be read.",
    "not a database": "- Name the right file in DATABASE_URL; if this is the right one, it is damaged: put a backup in "
    "its place.",
    "readonly": "- The bot's user must be allowed to write to the file and its folder, and its disk must be writable.",
    "unable to open": "- The file's folder must be there, and the bot's user must be allowed to write in it.",
    "is locked": "- Another program has locked the file: end it, or wait until it is done.",
    "disk I/O error": "- Look after the disk (is it full?), then at the file: `sqlite3 FILE 'PRAGMA integrity_check'`.",
    "is full": "- Make room on the disk.",
}
"""By SQLite's words: what the operator can do."""

MessagesFile = Annotated[Path, typer.Argument(help="One JSON object a line, each with a text.", exists=True)]


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what an operator can mend into one sentence and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except BrokenPipeError:
            raise  # nobody reads on: typer ends the command quietly
        except (SettingsError, PolicyError, ValueError, *DatabaseError, OSError) as error:
            _err.print(f"[bold red]wartemarke:[/] {escape(_with_remedy(error))}", markup=True)
            raise typer.Exit(_USAGE) from error

    return run


def _with_remedy(error: Exception) -> str:
    """What has happened, and for a database's file what to do; SQLite says only the first."""
    told = str(error) or type(error).__name__
    remedies = (remedy for words, remedy in _REMEDIES.items() if isinstance(error, sqlite3.Error) and words in told)
    return " ".join((told, *remedies))


@contextmanager
def _reaching(named: str) -> Iterator[None]:
    """Name a database where the first attempt at its server fails."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise SettingsError(
            f"{named} cannot be used ({_with_remedy(error)}): see to it that the server runs and can be reached from "
            "here, and that host, port, name, user and password are right."
        ) from error


def _settings() -> Settings:
    settings = read_settings()
    log.set_up(settings.log_level, settings.log_format)
    return settings


@app.command("try")
@told
def try_out(
    folder: Annotated[Path, typer.Option(help="Where the playground keeps what happened in it.")] = Path("playground"),
    host: Annotated[str, typer.Option(help="Address to listen on; beyond this machine it needs a password.")] = "",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")] = None,
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget everything and start anew.")] = False,
) -> None:
    """Try everything in your browser: be the customer, the agent and the moderator."""
    settings = _settings()
    folder.mkdir(parents=True, exist_ok=True)
    file, rooms = folder / "desk.sqlite3", folder / "chat.sqlite3"
    if fresh:
        _forget(file, rooms)
    with closing(_web_chat(settings, rooms, host, port)) as chat:
        migrations.upgrade(url_of(file))
        asyncio.run(_play(url_of(file), settings.policy_dir, chat))


def _forget(file: Path, rooms: Path) -> None:
    """Delete the databases of a playground that is not being played on, with what SQLite keeps beside them."""
    with alone_with(url_of(file)):
        for database in (file, rooms):
            for ending in ("", "-wal", "-shm", "-journal"):
                Path(f"{database}{ending}").unlink(missing_ok=True)


async def _play(url: str, policy_folder: Path, chat: web_chat.WebChat) -> None:
    telling = asyncio.create_task(_tell_address(chat))
    try:
        await serve(url, policy_folder, {web_chat.PREFIX: chat})
    finally:
        telling.cancel()


async def _tell_address(chat: web_chat.WebChat) -> None:
    address = escape(await chat.listening())
    _out.print(f"Open [bold]{address}[/] in your browser. Stop with Ctrl+C.")


@app.command()
@told
def run() -> None:
    """Serve the chats that the settings name, until stopped."""
    settings = _settings()
    if not (settings.web_chat or settings.discord_token or settings.slack_way):
        raise SettingsError(
            "There is no chat to serve: set DISCORD_TOKEN, SLACK_BOT_TOKEN with SLACK_APP_TOKEN, or WEB_CHAT=true "
            "in .env or the environment."
        )
    _require_current(settings)
    with ExitStack() as doors:
        chats: dict[str, Chat] = {}
        if settings.web_chat:
            chats[web_chat.PREFIX] = doors.enter_context(closing(_web_chat(settings, settings.web_file)))
        if settings.discord_token:
            chats[discord_chat.PREFIX] = discord_chat.DiscordChat(settings)
        if settings.slack_way:
            chats[slack_chat.PREFIX] = slack_chat.SlackChat(settings)
        asyncio.run(serve(settings.database_url, settings.policy_dir, chats))


@slack.command("manifest")
@told
def slack_manifest(
    url: Annotated[str, typer.Option(help="Where Slack reaches this bot, https://...; without it, Socket Mode.")] = "",
    prefix: Annotated[str | None, typer.Option(help="What the commands' names begin with, such as sd-.")] = None,
    name: Annotated[str, typer.Option(help="What the bot is called in Slack.")] = "Wartemarke",
) -> None:
    """Print the app's manifest: paste it where Slack makes a new app "From a manifest"."""
    settings = read_settings() if prefix is None else read_settings(slack_command_prefix=prefix)
    _out.print_json(data=manifest(settings.slack_command_prefix, url, name))


@slack.command("key")
@told
def slack_key() -> None:
    """Print a new key for SLACK_TOKEN_KEYS."""
    _out.print(Fernet.generate_key().decode(), markup=False, soft_wrap=True)


@app.command()
@told
def migrate(
    to: Annotated[str | None, typer.Option(help="A revision; without it the newest.")] = None,
    *,
    down: Annotated[bool, typer.Option("--down", help="Go back to that revision; base is the empty schema.")] = False,
) -> None:
    """Bring the database to this version's schema."""
    settings = _settings()
    url = settings.database_url
    if down and to is None:
        raise SettingsError("--down needs --to: name the revision to go back to.")
    if to == "":
        raise SettingsError("--to is empty: name a revision, or leave it out for the newest.")
    with _reaching(_setting(url)), alone_with(url) if down else nullcontext():
        before = migrations.revision_of(url)
        (migrations.downgrade if down else migrations.upgrade)(url, to or "head")
        at = migrations.revision_of(url) or "base"
    if at == before and to not in {None, "head", at}:
        raise SettingsError(f"{name_of(url)} stays at {at}: {to} lies behind it; --down goes back.")
    _out.print(f"{name_of(url)} is at {at}.")


@app.command("copy")
@told
def copy_all(
    sqlite_url: Annotated[str, typer.Argument(help="Where the installation is, such as sqlite:///wartemarke.sqlite3.")],
    postgres_url: Annotated[str, typer.Argument(help="Where it shall be, an empty database: postgresql://...")],
) -> None:
    """Move from SQLite to PostgreSQL: while the bot runs, and again when it is stopped. Ends with 1 until finished."""
    file, reason = source_of(sqlite_url), ""
    with _reaching(name_of(postgres_url)):
        migrations.revision_of(postgres_url)
    with ExitStack() as doors, Progress(console=_err, transient=True, disable=not _err.is_terminal) as progress:
        try:
            doors.enter_context(alone_with(sqlite_url))
        except sqlite3.OperationalError as error:
            reason = str(error)
        done = copy(
            file,
            postgres_url,
            is_stopped=not reason,
            bar=lambda step, total: partial(progress.advance, progress.add_task(step, total=total)),
        )
    if not done.is_finished:
        so_far = f"{done.rows} rows are copied so far ({done.changed} in this run)"
        _complain(f"{so_far}. {reason} Then run this again to finish.")
        raise typer.Exit(1)
    sentence = f"{done.rows} rows are the same in both. Set DATABASE_URL to {name_of(postgres_url)} and start the bot."
    _out.print(sentence, markup=False, soft_wrap=True)


@app.command()
@told
def match() -> None:
    """Judge messages: one JSON object a line on standard input, one verdict a line on standard output."""
    settings = _settings()
    matcher = learn_all(settings.policy_dir)
    for line in match_lines(matcher, sys.stdin.buffer, _complain):
        sys.stdout.write(line)
        sys.stdout.flush()


@app.command("replay")
@told
def replay_file(file: MessagesFile) -> None:
    """Send recorded messages through a real desk, and show what it does with them."""
    settings = _settings()
    with file.open("rb") as lines:
        texts = list(read_texts(lines, refuse))
    matcher = learn_all(settings.policy_dir)
    with Progress(console=_err, transient=True) as progress:
        task = progress.add_task("messages", total=len(texts))
        summary = asyncio.run(replay(matcher, texts, lambda: progress.advance(task)))
    table = Table("of", str(len(texts)), title=f"{file.name} through the desk")
    table.add_row("answered", str(summary.answered))
    table.add_row("ticketed", str(summary.ticketed))
    table.add_row("offered a ticket", str(summary.offered))
    table.add_row("left in silence", str(summary.silent))
    table.add_row("waiting in the line at the end", str(summary.waiting))
    for ruling, tickets in sorted(summary.by_ruling.items()):
        table.add_row(f"  of these {ruling}", str(tickets))
    _out.print(table)


@app.command("evaluate")
@told
def evaluate_file(
    file: MessagesFile,
    plot: Annotated[Path | None, typer.Option(help="Where to draw the confusions and the confidence (.png).")] = None,
    *,
    with_stress: Annotated[bool, typer.Option("--stress", help="Also with typos, capitals, rants and more.")] = False,
) -> None:
    """Show how good the verdicts are on messages with labels."""
    settings = _settings()
    messages = _labelled(file)
    matcher, learning = measured(lambda: learn_all(settings.policy_dir))
    evaluation = evaluate(matcher, messages)
    if plot:
        _draw(evaluation, matcher.policy, plot)
    _out.print(evaluation_tables(evaluation, learning))
    if with_stress:
        _out.print(stress_tables(stress(matcher, evaluation.outcomes), foreign(matcher)))


def _labelled(file: Path) -> list[Labelled]:
    with file.open("rb") as lines:
        return read_labelled(lines)


def _draw(evaluation: Evaluation, policy: Policy, plot: Path) -> None:
    logging.getLogger("matplotlib").setLevel(logging.WARNING)  # it tells at length which fonts it has found
    from bot.coverage.plot import draw  # noqa: PLC0415 (half a second, and only a picture needs it)

    draw(evaluation, policy, plot)


@app.command("bench")
@told
def bench_all(
    *,
    messages: Annotated[Path | None, typer.Option(help="A labelled file to compare on, too.", exists=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Measure speed and verdicts against simpler things in the same run."""
    settings = read_settings()
    log.set_up(LogLevel.ERROR, settings.log_format)
    labelled = _labelled(messages) if messages else []
    matcher = learn(settings.policy_dir)
    asyncio.run(_bench(matcher, as_json=as_json))
    rest, phrases = held_out(matcher.policy)
    _compare(f"On {len(phrases)} phrases of the policy that were held out", rest, phrases, as_json=as_json)
    if messages:
        title = f"On the {len(labelled)} messages of {messages.name}"
        _compare(title, matcher.policy, labelled, as_json=as_json)


def _compare(title: str, policy: Policy, messages: Sequence[Labelled], *, as_json: bool) -> None:
    compared = []
    for one in compare(policy, messages, METHODS):
        compared.append(one)
        if as_json:
            _out.print_json(data={"messages": title, **asdict(one)}, indent=None)
    if not as_json:
        _out.print(comparison_table(title, compared))


async def _bench(matcher: Matcher, *, as_json: bool) -> None:
    table = Table("what", "against", "ratio", "aim", "measured", title="wartemarke bench")
    async for figure in measure(matcher):
        if as_json:
            _out.print_json(data=asdict(figure), indent=None)
        else:
            table.add_row(figure.what, figure.against, f"{figure.ratio:.2f}", figure.aim, figure.detail)
    if not as_json:
        _out.print(table)


@app.command()
@told
def check() -> None:
    """Say whether the policy is in order, or which file and line is not; and which phrases are too alike."""
    settings = _settings()
    policy = load_policy(settings.policy_dir)
    phrases = sum(len(texts.phrases) for category in policy.categories.values() for texts in category.texts.values())
    _out.print(f"The policy is in order: {len(policy.categories)} categories, {phrases} phrases, {policy.version}.")
    for pair in near_duplicates(policy):
        sentence = f'Nearly the same: "{pair.phrase}" ({pair.category}) and "{pair.other_phrase}" ({pair.other}).'
        _out.print(sentence, markup=False)


@app.command()
@told
def letters(
    revive: Annotated[int | None, typer.Option(help="Id of a dead letter to try again.")] = None,
) -> None:
    """Show messages of ours that could not be delivered, and try one again."""
    settings = _settings()
    _require_current(settings)
    asyncio.run(_letters(settings.database_url, revive))


async def _letters(url: str, again: int | None) -> None:
    async with open_database(url) as database:
        if again is not None:
            if not await database.transaction(lambda tx: revive(tx, again, utc_now())):
                raise SettingsError(f"There is no dead letter {again}: `wartemarke letters` lists them.")
            _out.print(f"Letter {again} is tried again.")
        dead = await database.transaction(dead_letters)
        owed = await database.transaction(owed_count)
    table = Table("id", "server", "conversation", "given up", "reason", title="Dead letters")
    for row in dead:
        when = f"{row['ended_at']:%Y-%m-%d %H:%M}"
        table.add_row(*(escape(str(cell)) for cell in (row["id"], row["server"], row["lane"], when, row["error"])))
    nothing = f"Nothing has been given up, {owed} are on their way." if owed else "Everything has been delivered."
    _out.print(table if dead else nothing)


@app.command()
@told
def verify(
    server: Annotated[str | None, typer.Option(help="Only the server with this id.")] = None,
    known: Annotated[
        str | None, typer.Option(help="A hash that /fairness told earlier: it must still be there.")
    ] = None,
) -> None:
    """Check that nobody has changed what is on record; also while the bot runs. Ends with 1 where somebody has."""
    settings = _settings()
    _require_current(settings)
    if known is not None and not re.fullmatch("[0-9a-f]{12,64}", known):
        raise SettingsError(f"--known {known} is no hash of the record: it has 12 to 64 of the characters 0-9 and a-f.")
    found = dict(chains(settings.database_url, server, known))
    if server is not None and server not in found:
        raise SettingsError(f"There is no server {server} on record.")
    for name, chain in found.items():
        _out.print(f"{name}: {_told_chain(chain)}", markup=False, soft_wrap=True)
    trouble = [f"{name}: {_told_link(link)}" for name, chain in found.items() for link in chain.broken]
    if known and not any(chain.has_known for chain in found.values()):
        trouble.insert(0, f"no entry has the hash {known}: what was written up to then is not there any more")
    _end_with(trouble)


def _end_with(trouble: Sequence[str]) -> None:
    for sentence in trouble[:_MOST_TROUBLE]:
        _complain(sentence)
    if len(trouble) > _MOST_TROUBLE:
        _complain(f"and {len(trouble) - _MOST_TROUBLE} more")
    if trouble:
        raise typer.Exit(1)


def _told_chain(chain: Chain) -> str:
    if chain.first_at is None or chain.last_at is None:
        return "no entries"
    span = f"from {chain.first_at:%Y-%m-%d %H:%M} to {chain.last_at:%Y-%m-%d %H:%M}"
    state = "broken" if chain.broken else "unbroken"
    without = f" ({chain.unhashed} from before there were hashes)" if chain.unhashed else ""
    return f"{state}, entries: {chain.entries}{without}, {span}, latest hash: {chain.head or 'none'}"


def _told_link(link: BrokenLink) -> str:
    if link.entry is None:
        return _FAULTS[link.fault]
    entry = link.entry  # whoever has changed it may have written control characters into it, too
    what = f"entry {link.id} (ticket #{entry.ticket}, {entry.what!r}, {entry.at:%Y-%m-%d %H:%M:%S})"
    return f"{what}: {_FAULTS[link.fault]}"


def _complain(problem: str) -> None:
    _err.print(f"wartemarke: {problem}", markup=False)


def _require_current(settings: Settings) -> None:
    setting = _setting(settings.database_url)
    with _reaching(setting):
        is_usable = migrations.is_usable(settings.database_url)
    if not is_usable:
        raise SettingsError(f"{setting} is not a database of this version: run `wartemarke migrate` first.")


def _setting(url: str) -> str:
    return f"DATABASE_URL={name_of(url)}"


def _web_chat(settings: Settings, file: Path, host: str = "", port: int | None = None) -> web_chat.WebChat:
    password = settings.web_password.get_secret_value() if settings.web_password else None
    port = settings.web_port if port is None else port
    return web_chat.create(file, host or settings.web_host, port, password)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
