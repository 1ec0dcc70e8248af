// The page: takes what the server tells, draws it, and tells the server what one does.

import { Composer } from "./composer.js";
import { el, reconcile } from "./dom.js";
import { closeForm, formTrouble, openForm } from "./form.js";
import { Link } from "./link.js";
import { drawLog } from "./log.js";
import { card } from "./message.js";
import { drawChannels, drawPeople } from "./sidebar.js";
import { openPicking, picking } from "./picking.js";
import { answeringThread, isNew, isOvertaken, messagesIn, newest, seesBoard, shownPlaces, state, unreadIn } from "./state.js";
import { welcomeElements } from "./welcome.js";
import { speak, t } from "./words.js";

const $ = (id) => document.getElementById(id);
const link = new Link(hear, (connected) => showStatus(connected ? "" : t("offline")));
const isNarrow = matchMedia("(max-width: 820px)"); // as in chat.css: the side covers the channel
const TO_READ = 5000; // milliseconds that a one-line confirmation stays at least
const justRead = new Map(); // what the server does not know yet: place -> message
let whenThere = null; // what to do as soon as the state of the person whom one becomes is there
let drawing = 0;
let telling = 0;

const composers = {
  channel: new Composer($("channel-composer"), "channel", {
    commands: () => state.commands,
    send: (text) => write(text, null),
    recall: () => editLast(null),
  }),
  thread: new Composer($("thread-composer"), "thread", {
    commands: () => state.commands,
    send: (text) => write(text, state.thread),
    recall: () => editLast(state.thread),
  }),
};

const actions = {
  visit,
  press(button, place, element) {
    const { channel, thread, answer } = place;
    element.disabled = true;
    link.send({ type: "press", action: button.action, channel, thread, answer });
  },
  pick(message, { channel, thread }, opener, point) {
    openPicking(opener, point, (wish) => link.send({ type: "pick", message, wish, channel, thread }));
  },
  edit(id) {
    state.editing = id;
    draw();
    if (id) document.querySelector(`[data-message="${id}"] textarea`)?.focus();
    else currentComposer().field.focus();
  },
  remove(id) {
    link.send({ type: "delete", message: id });
  },
  save(id, text) {
    if (text.trim() && text !== state.messages.get(id)?.text) link.send({ type: "edit", message: id, text });
    actions.edit(null);
  },
  dismiss(id) {
    dropAnswer(id);
    draw();
    currentComposer().field.focus();
  },
};

// --- what the server tells --------------------------------------------------------------------------

function hear(frame, cause) {
  switch (frame.type) {
    case "state":
      return begin(frame);
    case "message":
      keep(frame.message);
      return drawSoon();
    case "thread":
      state.threads.set(frame.thread.id, frame.thread);
      followAnswer();
      return drawSoon();
    case "history":
      state.threads.set(frame.thread.id, frame.thread);
      state.loaded.add(frame.thread.id);
      frame.messages.forEach(keep);
      draw();
      return stayAtEnd("thread", true);
    case "seen":
      if (frame.message > (state.seen[frame.place] ?? "")) state.seen[frame.place] = frame.message;
      return drawSoon();
    case "done":
      return done(frame, cause);
    case "refused":
      return refused(frame, cause);
  }
}

function begin(frame) {
  Object.assign(state, {
    me: frame.me,
    people: new Map(frame.people.map((person) => [person.id, person])),
    channels: frame.channels,
    commands: frame.commands,
    messages: new Map(frame.messages.map((message) => [message.id, message])),
    threads: new Map(frame.threads.map((thread) => [thread.id, thread])),
    loaded: new Set(),
    seen: frame.seen,
    board: frame.board,
  });
  justRead.clear();
  speak(frame.words, state.people.get(state.me).language);
  $("app").hidden = false;
  if (state.channels.some(({ id }) => id === state.channel)) go(state.channel, state.thread);
  else go("support", null);
  drawWelcome();
  arrive();
}

function keep(message) {
  if (message.board) state.board = message;
  if (!message.thread || state.loaded.has(message.thread)) state.messages.set(message.id, message);
}

// Something we asked for has happened; perhaps there is a private answer, or a form to fill in.
function done(frame, cause) {
  const refused = frame.answer?.refused;
  if (refused && cause?.type === "fill" && formTrouble(inWords(frame.answer.content))) return enableButtons();
  if (cause?.type === "fill") closeForm();
  if (cause?.answer && !frame.form && !refused) dropAnswer(cause.answer);
  if (frame.form && cause) askForm(frame.form, cause);
  const answer = frame.answer && cause && { ...frame.answer, place: { channel: cause.channel, thread: cause.thread ?? null } };
  if (answer) state.answers.push(answer);
  if (cause?.type !== "saw" && cause?.type !== "look") draw();
  if (answer) showAnswer(answer);
  const acted = frame.message ?? frame.answer?.id;
  if (acted && cause) waitForAnswer(acted, cause);
  enableButtons();
}

// What a message says, without its markup.
function inWords({ blocks }) {
  const reader = document.createElement("template");
  reader.innerHTML = blocks.map(({ html }) => html).join(" ");
  return reader.content.textContent;
}

function waitForAnswer(id, { channel, thread }) {
  if (thread || channel !== state.channel) return;
  state.asked.add(id);
  followAnswer(); // it may have been quicker
}

// The bot has answered in a thread what one has just asked: show it, unless one is busy writing again.
function followAnswer() {
  const asked = [...state.asked].find(answeringThread);
  if (!asked) return;
  const thread = answeringThread(asked);
  state.asked.delete(asked);
  if (!isWriting()) {
    go(thread.channel, thread.id);
    if (isNarrow.matches) $("thread-name").focus();
  }
  $("news").textContent = t("answered", { thread: thread.name });
}

// Whether opening a thread would take away what one is typing.
function isWriting() {
  const covered = isNarrow.matches ? composers.channel : state.thread && composers.thread;
  return Boolean(state.editing || covered?.field.value.trim());
}

function dropAnswer(gone) {
  state.answers = state.answers.filter(({ id }) => id !== gone);
}

function askForm(form, { channel, thread, answer }) {
  openForm(form, (values, files) => link.send({ type: "fill", form: form.name, values, files, channel, thread, answer }));
}

function refused(frame, cause) {
  const sentence = t(`refused.${frame.reason}`);
  if (cause?.type === "saw") return;
  if (cause?.type === "look") go(state.channel, null);
  if (cause?.type === "write" && !currentComposer().field.value) currentComposer().fill(cause.text);
  if (cause?.type !== "fill" || !formTrouble(sentence)) toast(sentence);
  enableButtons();
}

// --- what one does ----------------------------------------------------------------------------------

function write(text, thread) {
  delete state.newSince[thread ?? state.channel];
  link.send({ type: "write", channel: state.channel, thread, text });
  stayAtEnd(thread ? "thread" : "channel", true);
}

function editLast(thread) {
  const messages = messagesIn({ channel: state.channel, thread });
  const own = messages.filter(({ author, deleted }) => author === state.me && !deleted);
  if (own.length) actions.edit(own.at(-1).id);
}

// Go somewhere because one wants to: then the keyboard goes along (but on a phone, none pops up).
function visit(channel, thread) {
  go(channel, thread);
  if (matchMedia("(hover: hover)").matches) currentComposer().field.focus();
}

function go(channel, thread) {
  if (!state.channels.some(({ id }) => id === channel)) return toast(t("refused.unknown_place"));
  const newPlaces = [channel !== state.channel && channel, thread !== state.thread && thread].filter(Boolean);
  for (const place of newPlaces) delete state.newSince[place];
  Object.assign(state, { channel, thread: thread ?? null, editing: null });
  if (thread && !state.loaded.has(thread)) link.send({ type: "look", channel, thread });
  rememberPlace();
  openDrawer(thread ? "side" : null);
  draw();
  stayAtEnd("channel", newPlaces.includes(channel));
  stayAtEnd("thread", newPlaces.includes(thread));
}

function become(person, then = null) {
  whenThere = then;
  if (person === state.me) {
    openDrawer(null);
    return arrive();
  }
  Object.assign(state, { answers: [], newSince: {}, thread: null });
  sessionStorage.setItem("as", person);
  history.pushState(null, "", `?as=${person}#${state.channel}`);
  link.open(person);
}

function arrive() {
  whenThere?.();
  whenThere = null;
}

function attempt({ person, channel, words }) {
  become(person, () => {
    showWelcome(false);
    go(channel, null);
    composers.channel.fill(words);
  });
}

// --- drawing ----------------------------------------------------------------------------------------

// Many messages at once are drawn once. (No animation frame: hidden windows get none.)
function drawSoon() {
  drawing ||= setTimeout(draw, 30);
}

function draw() {
  clearTimeout(drawing);
  drawing = 0;
  if (!state.me) return;
  const followed = ["channel", "thread"].filter(atEnd);
  markRead();
  drawPeople($("people"), become);
  drawChannels($("channels"), visit);
  drawRoom();
  drawThread();
  drawBoard();
  drawTitle();
  for (const name of followed) stayAtEnd(name, true);
}

function drawRoom() {
  const { channel } = state;
  $("channel-name").textContent = `#${channel}`;
  $("channel-about").textContent = t(`about.${channel}`);
  $("channel-log").setAttribute("aria-label", t("messages", { channel }));
  composers.channel.speak(t("write", { channel }));
  drawLog($("channel-log"), { channel, thread: null }, actions);
}

function drawThread() {
  const thread = state.thread && state.threads.get(state.thread);
  $("thread").hidden = !thread;
  $("side").hidden = !thread && !seesBoard();
  if (!thread) return;
  const tag = el("span.tag", { title: t("private_thread_hint") }, el("span", { "aria-hidden": "true" }, "🔒︎ "), t("private_thread"));
  $("thread-name").replaceChildren(...(thread.private ? [tag, " "] : []), el("bdi", {}, thread.name));
  $("thread-log").setAttribute("aria-label", t("thread_messages"));
  $("thread").classList.toggle("shut", thread.closed);
  composers.thread.speak(t(thread.closed ? "thread_closed_note" : "write_thread"));
  drawLog($("thread-log"), { channel: thread.channel, thread: thread.id }, actions);
}

function drawBoard() {
  const visible = seesBoard();
  $("board").hidden = !visible;
  $("open-board").hidden = !visible;
  if (!visible) return;
  const { board } = state;
  const build = () =>
    board?.content
      ? card(board.content, actions, { channel: board.channel, thread: board.thread })
      : el("p.note", {}, t("board_empty"));
  reconcile($("board-words"), [
    { key: "board", version: JSON.stringify([board, state.me, document.documentElement.lang]), build },
  ]);
}

function drawTitle() {
  const messages = state.channels.reduce((sum, { id }) => sum + unreadIn(id), 0);
  const count = messages + [...state.threads.values()].filter(isNew).length;
  const name = state.people.get(state.me).name;
  document.title = `${count ? `(${count}) ` : ""}#${state.channel} · ${name} · Wartemarke`;
}

function drawWelcome() {
  $("welcome").replaceChildren(...welcomeElements(attempt, () => showWelcome(false)));
  if (localStorage.getItem("welcomed") === null) showWelcome(true);
}

function showWelcome(visible) {
  $("welcome").hidden = !visible;
  if (!visible) return localStorage.setItem("welcomed", "yes");
  openDrawer(null);
  $("channel-scroll").scrollTop = 0;
}

// --- reading ----------------------------------------------------------------------------------------

// What stands before one's eyes is read. The line "New" stays where one came in, and is not drawn while one watches.
function markRead() {
  if (!document.hasFocus() || document.hidden) return;
  for (const place of shownPlaces()) {
    const before = state.seen[place.key] ?? "";
    const watching = state.newSince[place.key] === before;
    const message = newest(place);
    state.newSince[place.key] ??= before;
    if (message <= before) continue;
    if (watching) state.newSince[place.key] = message;
    state.seen[place.key] = message;
    justRead.set(place.key, message);
    telling ||= setTimeout(tellRead, 400);
  }
}

function tellRead() {
  telling = 0;
  for (const [place, message] of justRead) link.send({ type: "saw", place, message });
  justRead.clear();
}

function leave() {
  for (const { key } of shownPlaces()) delete state.newSince[key];
}

// --- the window -------------------------------------------------------------------------------------

function currentComposer() {
  return state.thread ? composers.thread : composers.channel;
}

function atEnd(name) {
  const box = $(`${name}-scroll`);
  return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
}

function stayAtEnd(name, wanted) {
  const box = $(`${name}-scroll`);
  const welcoming = name === "channel" && !$("welcome").hidden && box.scrollTop === 0;
  if (wanted && !welcoming) box.scrollTop = box.scrollHeight;
}

// The whole answer; of one that is longer than the window, its beginning.
function showAnswer({ id, place }) {
  const name = place.thread ? "thread" : "channel";
  const element = answerElement(id);
  stayAtEnd(name, true);
  if (element?.offsetHeight > $(`${name}-scroll`).clientHeight) element.scrollIntoView({ block: "start" });
  setTimeout(retire, TO_READ, id);
}

// A confirmation goes by itself when it has been overtaken: never by time alone, and not while one is at it.
function retire(id) {
  const answer = state.answers.find((one) => one.id === id);
  if (!answer) return;
  if (document.hidden || answerElement(id)?.matches(":hover, :focus-within") || !isOvertaken(answer)) {
    setTimeout(retire, TO_READ, id);
    return;
  }
  dropAnswer(id);
  draw();
}

function answerElement(id) {
  return document.querySelector(`[data-private="${id}"]`);
}

function enableButtons() {
  for (const button of document.querySelectorAll(".card button:disabled")) button.disabled = false;
}

function openDrawer(name) {
  state.asked.clear(); // who goes somewhere else is not called back
  for (const drawer of ["sidebar", "side"]) $(drawer).classList.toggle("open", drawer === name);
}

function showStatus(words) {
  $("status").textContent = words;
  $("status").hidden = !words;
}

function toast(words) {
  const note = el("p", {}, words);
  $("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

function rememberPlace() {
  const place = state.thread ? `${state.channel}/${state.thread}` : state.channel;
  history.replaceState(null, "", `?as=${state.me}#${place}`);
}

function personWanted() {
  const told = new URLSearchParams(location.search).get("as") ?? sessionStorage.getItem("as");
  return told ?? (navigator.language.startsWith("de") ? "jonas" : "emma");
}

function start() {
  const [channel, thread] = location.hash.slice(1).split("/");
  Object.assign(state, { channel: channel || "support", thread: thread || null, answers: [], newSince: {} });
  link.open(personWanted());
}

$("board").open = true;
$("skip").onclick = () => currentComposer().field.focus();
$("welcome-open").onclick = () => showWelcome(true);
$("close-thread").onclick = () => visit(state.channel, null);
$("close-side").onclick = () => openDrawer(null);
$("open-sidebar").onclick = () => openDrawer("sidebar");
$("close-sidebar").onclick = () => openDrawer(null);
$("open-board").onclick = () => openDrawer("side");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || $("form").open || picking()) return;
  if (state.thread && !$("sidebar").classList.contains("open")) visit(state.channel, null);
  openDrawer(null);
});
window.addEventListener("focus", draw);
window.addEventListener("blur", leave);
window.addEventListener("popstate", start);
start();
