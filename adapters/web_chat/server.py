"""The playground: a small chat platform of its own, as one aiohttp process with one page and a WebSocket a window."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from adapters.web_chat import show
from adapters.web_chat.door import COOKIE, Door, protect
from adapters.web_chat.people import BOT, PLAYERS, SERVER, Player
from adapters.web_chat.rooms import Change, Message, Rooms, UnknownPlace, stamp_of
from adapters.web_chat.show import CommandHelp, Json
from adapters.web_chat.to_event import (
    Delete,
    Edit,
    Fill,
    Frame,
    Look,
    NotTaken,
    Pick,
    Press,
    Saw,
    Write,
    command_in,
    key_of,
    moving_in,
    read,
    to_event,
    to_pick,
    told_again,
)
from adapters.web_chat.window import Window
from bot.model import Chat, Effect, Event, Language, Listener, Outcome, Person, ServerSettings, Text

_PAGE = Path(__file__).parent / "page"
_BODY_BYTES = 64 * 1024
_FRAME_BYTES = 9 * 1024 * 1024
"""Room for one text file (`to_event.MAX_FILE` characters). Everything else is far smaller, with limits of its own."""
_CATCH_UP = 10 * 60 * 1_000_000
"""Microseconds of talk that are told to the desk once more at the start."""

_log = structlog.get_logger(__name__)


class WebChat(Chat):
    """The playground as a Chat. Raises Refused when others could reach it without a password."""

    def __init__(
        self,
        file: Path,
        host: str = "127.0.0.1",
        port: int = 8080,
        password: str | None = None,
        commands: Sequence[CommandHelp] = (),
    ) -> None:
        self._door = Door(host, password)
        self._rooms = Rooms(file)
        self.host = host
        self.port = port
        """Where it listens; when 0 was asked for, the port that was found, once `listening` returned."""
        self._commands = commands
        self._windows: set[Window] = set()
        self._listens = asyncio.Event()

    async def run(self, desk: Listener) -> None:
        """Serve the page and hand every event to the desk, until cancelled."""

        async def socket(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, desk)

        app = web.Application(middlewares=[self._door.guard], client_max_size=_BODY_BYTES)
        app.on_response_prepare.append(protect)
        app.on_shutdown.append(self._close_windows)
        app.router.add_get("/", _page)
        app.router.add_get("/login", _login_page)
        app.router.add_post("/login", self._log_in)
        app.router.add_get("/socket", socket)
        app.router.add_get(r"/{name:[a-z]+\.(?:js|css|svg)}", _file)
        await self._move_in(desk)
        await self._catch_up(desk)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await runner.setup()
        try:
            await self._listen(runner)
            self.port = runner.addresses[0][1]
            self._listens.set()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError as error:
            remedy = "choose another --port, WEB_PORT or WEB_HOST"
            raise OSError(f"The chat page cannot listen on {self.host}:{self.port}: {remedy} ({error}).") from error

    async def listening(self) -> str:
        """Wait until the page can be opened; its address."""
        await self._listens.wait()
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Do one effect, and show it in all windows that may see it."""
        del attempt
        outcome, changes = await asyncio.to_thread(self._rooms.perform, effect, nonce)
        self._show(changes)
        return outcome

    async def member(self, server: str, person: str) -> Person | None:
        """Somebody whom one can be here; nobody ever leaves."""
        return PLAYERS[person].person if server == SERVER and person in PLAYERS else None

    def misses_nothing(self, _server: str) -> bool:
        """Every word is told before it is shown."""
        return True

    def lacks(self, _server: str, _settings: ServerSettings) -> Sequence[Text]:
        """Nothing: the playground lets its bot do everything."""
        return ()

    def close(self) -> None:
        """Let go of the file, after `run` has ended."""
        self._rooms.close()

    def _show(self, changes: Iterable[Change]) -> None:
        for change in changes:
            told: Json
            if isinstance(change, Message):
                told = {"type": "message", "message": show.message(change)}
            else:
                told = {"type": "thread", "thread": show.thread(change)}
            for window in self._windows:
                if window.player.sees(change.channel, change.readers):
                    window.tell(told)

    async def _move_in(self, desk: Listener) -> None:
        """The first time: add the bot to the playground and set it up, so that trying begins at once."""
        if await asyncio.to_thread(self._rooms.is_first_time):
            for event in moving_in(self._rooms.stamp()):
                await desk.handle(event)
            await asyncio.to_thread(self._rooms.end_first_time)

    async def _catch_up(self, desk: Listener) -> None:
        """Tell what was written shortly before the last end: a kill may have come between the rooms and the desk."""
        since = stamp_of(int(self._rooms.stamp()) - _CATCH_UP)
        for message in await asyncio.to_thread(self._rooms.since, since):
            await desk.handle(told_again(message))

    # --- windows ---------------------------------------------------------------------------------

    async def _serve(self, request: web.Request, desk: Listener) -> web.StreamResponse:
        player = PLAYERS.get(request.query.get("as", ""))
        if player is None:
            raise web.HTTPNotFound(text="Nobody here has that name.\n")
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=_FRAME_BYTES)
        await socket.prepare(request)
        window = Window(player, socket)
        # Before the state is read: what changes meanwhile is told twice, which harms nothing, and never not at all.
        self._windows.add(window)
        try:
            state = await asyncio.to_thread(self._state, player)
            writing = asyncio.create_task(window.write(state))
            try:
                async for message in socket:
                    await self._hear(window, message.data if message.type is WSMsgType.TEXT else "", desk)
            finally:
                writing.cancel()
        finally:
            self._windows.discard(window)
        return socket

    async def _close_windows(self, _app: web.Application) -> None:
        closing = (window.socket.close(code=WSCloseCode.GOING_AWAY) for window in self._windows)
        await asyncio.gather(*closing, return_exceptions=True)

    def _state(self, player: Player) -> Json:
        """Everything that a window needs to begin, or to begin again."""
        channels = show.channels(player)
        found = [self._rooms.channel(channel["id"]) for channel in channels]
        board = self._rooms.board()
        return {
            "type": "state",
            "me": player.person.id,
            "people": show.people(),
            "channels": channels,
            "commands": show.commands(self._commands, player),
            "words": show.page_words(player.language),
            "messages": [show.message(message) for messages, _ in found for message in messages],
            "threads": [
                show.thread(thread)
                for _, threads in found
                for thread in threads
                if player.sees(thread.channel, thread.readers)
            ],
            "seen": self._rooms.seen(player.person.id),
            "board": show.message(board) if board and player.sees(board.channel) else None,
        }

    async def _hear(self, window: Window, data: str, desk: Listener) -> None:
        """Do what one frame asks for. Whatever goes wrong, the window stays open and hears of it."""
        action = ""
        try:
            window.pace()
            frame = read(data)
            action = frame.id
            outcome = await self._act(window, frame, desk)
        except NotTaken as refused:
            window.tell({"type": "refused", "id": action, "reason": refused.reason})
        except UnknownPlace:
            window.tell({"type": "refused", "id": action, "reason": "unknown_place"})
        except Exception:  # noqa: BLE001 (whatever it is, one event must not end the window)
            _log.exception("an event could not be handled", person=window.player.person.id)
            window.tell({"type": "refused", "id": action, "reason": "failed"})
        else:
            window.tell({"type": "done", "id": action, **outcome})

    async def _act(self, window: Window, frame: Frame, desk: Listener) -> Json:
        """Do it; what only the window that acted is told of it."""
        player = window.player
        match frame:
            case Look(channel=channel, thread=thread):
                found, messages = await asyncio.to_thread(self._rooms.thread, channel, thread)
                _allow(player.sees(channel, found.readers))
                shown = [show.message(message) for message in messages]
                window.tell({"type": "history", "thread": show.thread(found), "messages": shown})
                return {}
            case Saw(place=place, message=message):
                await asyncio.to_thread(self._rooms.see, player.person.id, place, message)
                for other in self._windows:
                    if other.player is player and other is not window:
                        other.tell({"type": "seen", "place": place, "message": message})
                return {}
            case Edit() | Delete():
                event = await self._change(player, frame)
            case Pick():
                event = await self._pick(player, frame)
            case _:
                event = await self._happen(player, frame)
        reply = await desk.handle(event)
        if reply and reply.content and reply.is_public:
            answer, nonce, file = self._rooms.answer, f"public:{event.key}", show.file(reply.file)
            self._show(await asyncio.to_thread(answer, event.channel, event.thread, reply.content, nonce, file))
            reply = None  # who asked reads it with everybody else
        return show.done(event, reply)

    async def _change(self, player: Player, frame: Edit | Delete) -> Event:
        """Edit or delete an own message, as a platform would before the desk is told."""
        own = await asyncio.to_thread(self._rooms.find, frame.message)
        _allow(own.author == player.person.id and not own.deleted)
        if isinstance(frame, Edit):
            self._show(await asyncio.to_thread(self._rooms.edit, own.id, frame.text))
        else:
            self._show(await asyncio.to_thread(self._rooms.delete, own.id))
        return to_event(frame, player.person, own.channel, own.thread, self._rooms.stamp())

    async def _pick(self, player: Player, frame: Pick) -> Event:
        """Somebody's message, picked from its menu."""
        picked = await asyncio.to_thread(self._rooms.find, frame.message)
        _allow(player.sees(picked.channel, picked.readers) and picked.author != BOT and not picked.deleted)
        return to_pick(frame, player.person, picked, self._rooms.stamp())

    async def _happen(self, player: Player, frame: Write | Press | Fill) -> Event:
        """Post a message, as a platform would before the desk is told; the rest needs no trace in the rooms."""
        channel, thread, stamp = frame.channel, frame.thread, self._rooms.stamp()
        _allow(player.sees(channel, await asyncio.to_thread(self._rooms.readers, channel, thread)))
        if isinstance(frame, Write) and command_in(frame.text) is None:
            nonce = key_of(frame, player.person, stamp)
            post = self._rooms.post
            stamp, changes = await asyncio.to_thread(post, channel, thread, player.person.id, frame.text, nonce)
            self._show(changes)
        return to_event(frame, player.person, channel, thread, stamp)

    # --- the password ----------------------------------------------------------------------------

    async def _log_in(self, request: web.Request) -> web.Response:
        told = (await request.post()).get("password", "")
        try:
            session = self._door.let_in(told if isinstance(told, str) else "")
        except PermissionError:
            return _login_form(request, "login.wait", status=429)
        if session is None:
            return _login_form(request, "login.wrong", status=403)
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(COOKIE, session, httponly=True, samesite="Strict", secure=request.secure)
        return response


async def _page(request: web.Request) -> web.FileResponse:
    if request.query.get("as", next(iter(PLAYERS))) not in PLAYERS:
        raise web.HTTPSeeOther("/")
    return web.FileResponse(_PAGE / "index.html")


async def _file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(_PAGE / request.match_info["name"])


async def _login_page(request: web.Request) -> web.Response:
    return _login_form(request, "login.hint", status=200)


def _login_form(request: web.Request, hint: str, status: int) -> web.Response:
    language = Language.of_locale(request.headers.get("Accept-Language", "").split(",")[0]) or Language.EN
    words = show.page_words(language)
    page = Template((_PAGE / "login.html").read_text(encoding="utf-8")).substitute(
        language=language,
        title=escape(words["login.title"]),
        hint=escape(words[hint]),
        label=escape(words["login.label"]),
        button=escape(words["login.button"]),
    )
    return web.Response(text=page, content_type="text/html", status=status)


def _allow(allowed: bool) -> None:  # noqa: FBT001 (reads as a sentence)
    if not allowed:
        raise UnknownPlace
