// The middle of a room: the messages of a channel or thread, with days, the line "New" and private answers.

import { el, reconcile } from "./dom.js";
import { messageElement, privateElement } from "./message.js";
import { answersIn, isNew, messagesIn, state } from "./state.js";
import { day, t } from "./words.js";

const TOGETHER = 5 * 60_000; // messages of one author within so many milliseconds stand under one name

export function drawLog(parent, place, actions) {
  const messages = messagesIn(place);
  const news = firstNew(messages, place);
  const answers = answersIn(place);
  const items = [];
  let before = null;
  for (const entry of [...messages, ...answers].sort((one, other) => (one.id < other.id ? -1 : 1))) {
    items.push(...separators(before, entry, entry === news));
    const follows = before !== null && items.at(-1).key === before.id && together(before, entry);
    items.push(answers.includes(entry) ? privateItem(entry, actions) : messageItem(entry, place, follows, actions));
    before = entry;
  }
  if (!items.length && !place.thread) items.push(emptyItem(place.channel));
  reconcile(parent, items);
}

// The message before which the line "New" stands: the first one unread, if it is somebody else's.
function firstNew(messages, place) {
  const since = state.newSince[place.thread ?? place.channel];
  const index = since ? messages.findIndex(({ id }) => id > since) : -1;
  return index > 0 && messages[index].author !== state.me ? messages[index] : null;
}

function separators(before, entry, isFirstNew) {
  const found = [];
  const today = day(new Date(entry.at));
  if (!before || day(new Date(before.at)) !== today) {
    found.push({ key: `day-${entry.id}`, version: today, build: () => el("p.day", {}, el("span", {}, today)) });
  }
  if (isFirstNew) {
    const version = entry.id + document.documentElement.lang;
    found.push({ key: "new", version, build: () => el("p.new", {}, el("span", {}, t("new"))) });
  }
  return found;
}

function messageItem(message, place, follows, actions) {
  const summary = message.thread === null && place.thread === null ? state.threads.get(message.id) : null;
  const editing = state.editing === message.id;
  const compact = follows && !editing;
  const news = summary && isNew(summary);
  const answered = answeredBy(message);
  const told = [message, summary, news, compact, editing, answered, state.me, document.documentElement.lang];
  const build = () => messageElement(message, actions, { compact, editing, summary, answered, place });
  return { key: message.id, version: JSON.stringify(told), build };
}

// The message of a person's that this one answers, if it is still there.
function answeredBy({ answers }) {
  const found = answers && state.messages.get(answers);
  return found?.text ? found : null;
}

function privateItem(answer, actions) {
  return { key: answer.id, version: document.documentElement.lang, build: () => privateElement(answer, actions) };
}

function emptyItem(channel) {
  const version = channel + document.documentElement.lang;
  return { key: "empty", version, build: () => el("p.empty", {}, t("empty", { channel })) };
}

function together(before, message) {
  return before.author === message.author && !before.deleted && new Date(message.at) - new Date(before.at) < TOGETHER;
}
