// The middle of a room: the messages of a channel or thread, with days, the line "New" and private answers.

import { el, reconcile } from "./dom.js";
import { messageElement, privateElement } from "./message.js";
import { isNew, messagesIn, state } from "./state.js";
import { day, t } from "./words.js";

const TOGETHER = 5 * 60_000; // messages of one author within so many milliseconds stand under one name

export function drawLog(parent, place, actions) {
  const answers = state.answers.filter(
    (answer) => answer.place.channel === place.channel && answer.place.thread === place.thread,
  );
  const items = [];
  let before = null;
  for (const message of messagesIn(place)) {
    items.push(...separators(before, message, place.thread ?? place.channel));
    const follows = before !== null && items.at(-1).key === before.id && together(before, message);
    items.push(messageItem(message, place, follows, actions));
    items.push(...answers.filter(({ after }) => after === message.id).map((answer) => privateItem(answer, actions)));
    before = message;
  }
  const shown = new Set(items.map(({ key }) => key));
  items.push(...answers.filter(({ key }) => !shown.has(key)).map((answer) => privateItem(answer, actions)));
  if (!items.length && !place.thread) items.push(emptyItem(place.channel));
  reconcile(parent, items);
}

function separators(before, message, place) {
  const found = [];
  const today = day(new Date(message.at));
  if (!before || day(new Date(before.at)) !== today) {
    found.push({ key: `day-${message.id}`, version: today, build: () => el("p.day", {}, el("span", {}, today)) });
  }
  const since = state.newSince[place];
  if (before && since && before.id <= since && message.id > since && message.author !== state.me) {
    const version = since + document.documentElement.lang;
    found.push({ key: "new", version, build: () => el("p.new", {}, el("span", {}, t("new"))) });
  }
  return found;
}

function messageItem(message, place, follows, actions) {
  const summary = message.thread === null && place.thread === null ? state.threads.get(message.id) : null;
  const editing = state.editing === message.id;
  const compact = follows && !editing;
  const news = summary && isNew(summary);
  const version = JSON.stringify([message, summary, news, compact, editing, state.me, document.documentElement.lang]);
  const build = () => messageElement(message, actions, { compact, editing, summary, place });
  return { key: message.id, version, build };
}

function privateItem(answer, actions) {
  return { key: answer.key, version: document.documentElement.lang, build: () => privateElement(answer, actions) };
}

function emptyItem(channel) {
  const version = channel + document.documentElement.lang;
  return { key: "empty", version, build: () => el("p.empty", {}, t("empty", { channel })) };
}

function together(before, message) {
  return before.author === message.author && !before.deleted && new Date(message.at) - new Date(before.at) < TOGETHER;
}
