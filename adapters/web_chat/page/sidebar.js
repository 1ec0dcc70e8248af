// The left column: whom one plays, and where one can go.

import { el, reconcile } from "./dom.js";
import { avatar } from "./message.js";
import { isNew, listedThreads, state, unreadIn } from "./state.js";
import { plural, t } from "./words.js";

const PARTS = ["customer", "agent", "moderator"];

export function drawPeople(parent, become) {
  reconcile(
    parent,
    PARTS.map((part) => ({
      key: part,
      version: `${state.me} ${document.documentElement.lang}`,
      build: () =>
        el(
          "div.part-group",
          { role: "group", "aria-labelledby": `part-${part}` },
          el("h3", { id: `part-${part}` }, t(`part.${part}`)),
          ...[...state.people.values()].filter((one) => one.part === part).map((one) => personElement(one, become)),
        ),
    })),
  );
}

function personElement(person, become) {
  const { id, name, language } = person;
  const label = t("own_window", { name });
  const pressed = String(id === state.me);
  return el(
    "div.person",
    {},
    el(
      "button",
      { type: "button", "aria-pressed": pressed, "data-focus": id, onclick: () => become(id) },
      avatar(id, person),
      el("span", {}, name),
      el("small", {}, language),
    ),
    el("a.icon", { href: `?as=${id}`, target: "_blank", rel: "noopener", "aria-label": label, title: label }, "⧉"),
  );
}

export function drawChannels(parent, visit) {
  reconcile(
    parent,
    state.channels.map(({ id, closed }) => {
      const threads = listedThreads(id);
      const news = [unreadIn(id), ...threads.map(isNew)];
      return {
        key: id,
        version: JSON.stringify([state.channel === id, state.thread, threads, news, document.documentElement.lang]),
        build: () => channelElement(id, closed && t("closed_channel"), threads, visit),
      };
    }),
  );
}

function channelElement(id, hint, threads, visit) {
  const here = state.channel === id && !state.thread;
  const channel = placeButton(`#${id}`, here, unreadIn(id), id, () => visit(id, null), hint);
  if (!threads.length) return el("li", {}, channel);
  const items = threads.map((thread) => {
    const open = () => visit(id, thread.id);
    const current = thread.id === state.thread;
    const hint = thread.private && t("private_thread_hint");
    return el("li", {}, placeButton(thread.name, current, isNew(thread) ? 1 : 0, thread.id, open, hint));
  });
  return el("li", {}, channel, el("ul", { "aria-label": t("open_threads", { channel: id }) }, ...items));
}

function placeButton(name, here, count, focus, onclick, hint) {
  return el(
    `button.place${count ? ".unread" : ""}`,
    { type: "button", "aria-current": here ? "page" : null, "data-focus": focus, title: hint || null, onclick },
    el("span.name", {}, name),
    hint && el("span", { "aria-hidden": "true" }, "🔒︎"),
    hint && el("span.hidden", {}, ` (${hint})`),
    count > 0 && el("span.count", { "aria-hidden": "true" }, String(count)),
    count > 0 && el("span.hidden", {}, `, ${plural("unread", count)}`),
  );
}
