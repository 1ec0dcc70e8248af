// How one message looks: a person's words, or a card of ours.

import { el } from "./dom.js";
import { isCustomer, isNew, state } from "./state.js";
import { clock, moment, plural, t } from "./words.js";

// a sign beside the colour; the words of the verdict stand in the card's heading
const SIGNS = { covered: "✓", not_covered: "✕", paid: "€", process: "i", not_in_policy: "?" };

// `actions`: {visit(channel, thread), press(button, place, element), pick(id, place, opener, point), edit(id), remove(id),
// save(id, text), dismiss(id)}
export function messageElement(message, actions, { compact, editing, summary, answered, place }) {
  const author = state.people.get(message.author);
  const own = message.author === state.me;
  const body = el("div.body");
  const itsTools = author && !editing && !message.deleted ? tools(message, own, place, actions) : null;
  if (!compact) body.append(byline(message, author, itsTools));
  else if (itsTools) body.append(itsTools);
  if (answered) body.append(answerTo(answered));
  if (message.deleted) body.append(el("p.deleted", {}, t("deleted")));
  else if (message.content) body.append(card(message.content, actions, place));
  else if (editing) body.append(editor(message, actions));
  else body.append(spoken(message));
  if (message.file) body.append(attachment(message.file));
  if (summary) body.append(threadChip(summary, actions));
  return el(
    `article.message${compact ? ".compact" : ""}${message.content ? ".ours" : ""}`,
    { tabindex: "-1", "data-message": message.id, oncontextmenu: itsTools && ((event) => pickAt(event, message.id, place, actions)) },
    compact ? el("div.gutter", { "aria-hidden": "true" }, clock(new Date(message.at))) : avatar(message.author, author),
    body,
  );
}

// A private answer: shown where it was caused, kept nowhere, and gone with the window.
export function privateElement(answer, actions) {
  return el(
    "article.message.private",
    { tabindex: "-1", "data-private": answer.id },
    avatar("bot"),
    el(
      "div.body",
      {},
      el(
        "p.only-you",
        {},
        el("span", { "aria-hidden": "true" }, "◐ "),
        t("private"),
        el("button.link", { type: "button", onclick: () => actions.dismiss(answer.id) }, t("dismiss")),
      ),
      card(answer.content, actions, { ...answer.place, answer: answer.id }),
      answer.file && attachment(answer.file),
    ),
  );
}

// A picture is seen at once, and can be kept like any other file. `data` is base64; null is too large for a window.
function attachment(file) {
  const { name, data, about } = JSON.parse(file);
  if (data === null) return el("p.note", {}, t("file_too_large", { name }));
  const isPicture = name.endsWith(".png");
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const href = URL.createObjectURL(new Blob([bytes], { type: isPicture ? "image/png" : "text/plain;charset=utf-8" }));
  const download = el("p", {}, el("a.button.primary", { href, download: name }, t("download", { name })));
  if (!isPicture) return download;
  const head = new DataView(bytes.buffer); // its size, so that nothing moves when it is there
  const size = { width: head.getUint32(16), height: head.getUint32(20) };
  return el("figure.picture", {}, el("img", { src: href, alt: about, ...size }), download);
}

export function card(content, actions, place) {
  const { ruling, language } = content;
  const element = el(`div.card${ruling ? `.ruling-${ruling}` : ""}`, { lang: language });
  if (SIGNS[ruling]) element.append(el("span.sign", { "aria-hidden": "true" }, SIGNS[ruling]));
  element.append(words(content));
  const buttons = content.buttons.filter(({ forStaff }) => !(forStaff && isCustomer()));
  if (buttons.length) {
    element.append(el("div.buttons", {}, ...buttons.map((button) => cardButton(button, actions, place))));
  }
  prepare(element, actions);
  return element;
}

export function avatar(id, person) {
  if (!person) return el("img.avatar", { src: "/icon.svg", alt: "", width: 36, height: 36 });
  return el("span.avatar", { "data-person": id, "aria-hidden": "true" }, person.name[0]);
}

function byline(message, author, itsTools) {
  const at = new Date(message.at);
  const part = author?.part === "customer" ? null : t(author ? `part.${author.part}` : "bot");
  return el(
    "header.byline",
    {},
    el("strong", {}, author?.name ?? "Wartemarke"),
    part && el("span.part", {}, part),
    el("time", { datetime: message.at, title: at.toLocaleString() }, clock(at)),
    itsTools,
  );
}

// To whose words an answer of ours belongs; a press leads there.
function answerTo({ id, author, text }) {
  const lead = () => document.querySelector(`.log [data-message="${id}"]`)?.focus();
  const name = state.people.get(author)?.name ?? "Wartemarke";
  return el("button.link.answered", { type: "button", "data-focus": "answered", onclick: lead }, `↳ ${t("answer_to", { name })} `, el("bdi", {}, text));
}

// One element per block; list items that follow each other share a list.
function words({ blocks }) {
  const part = document.createDocumentFragment();
  const tags = { heading: "h3", paragraph: "p", quote: "blockquote", note: "p.note" };
  for (const { kind, html } of blocks) {
    if (kind !== "item") {
      part.append(el(tags[kind], { innerHTML: html, dir: "auto" }));
      continue;
    }
    const list = part.lastElementChild?.tagName === "UL" ? part.lastElementChild : el("ul");
    list.append(el("li", { innerHTML: html, dir: "auto" }));
    part.append(list);
  }
  return part;
}

function cardButton(button, actions, place) {
  const element = el(
    `button.button.${button.style}`,
    { type: "button", "data-focus": button.action, "data-action": button.action },
    button.label,
  );
  element.onclick = () => actions.press(button, place, element);
  return element;
}

// Moments in the reader's own zone, links to places alive, the reader's own name lit up.
function prepare(element, actions) {
  for (const time of element.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.textContent = moment(at, element.lang);
    time.title = at.toLocaleString();
  }
  for (const link of element.querySelectorAll("a.place")) {
    const { channel, thread } = link.dataset;
    if (thread) link.textContent = `${t("thread")} ↗`;
    if (thread) link.title = state.threads.get(thread)?.name ?? "";
    link.onclick = (event) => {
      event.preventDefault();
      actions.visit(channel, thread);
    };
  }
  for (const mention of element.querySelectorAll(".mention")) {
    const { person, role } = mention.dataset;
    mention.classList.toggle("me", person ? person === state.me : role === state.people.get(state.me)?.part);
  }
}

// A person's text: nothing in it is markup, but addresses can be followed and names of people light up.
function spoken(message) {
  const names = Array.from(state.people.values(), (person) => person.name).join("|");
  const pattern = new RegExp(`(https?://[^\\s<>"']+[^\\s<>"'.,;:!?)])|(?<!\\w)@(Wartemarke|${names})\\b`, "giu");
  const paragraph = el("p.spoken", { dir: "auto" });
  let end = 0;
  for (const match of message.text.matchAll(pattern)) {
    paragraph.append(message.text.slice(end, match.index));
    const [found, address] = match;
    if (address) paragraph.append(el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address));
    else paragraph.append(el(`span.mention${found.slice(1).toLowerCase() === state.me ? ".me" : ""}`, {}, found));
    end = match.index + found.length;
  }
  paragraph.append(message.text.slice(end));
  if (message.edited) paragraph.append(el("small.edited", {}, ` (${t("edited")})`));
  return paragraph;
}

function editor(message, actions) {
  const field = el("textarea", { "aria-label": t("editing"), rows: "3", "data-focus": "editor" });
  field.value = message.text;
  const save = () => actions.save(message.id, field.value);
  field.onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      actions.edit(null);
    }
  };
  return el(
    "div.editor",
    {},
    field,
    el(
      "div.buttons",
      {},
      el("button.button.primary", { type: "button", onclick: save }, t("save")),
      el("button.button", { type: "button", onclick: () => actions.edit(null) }, t("cancel")),
    ),
  );
}

function tools({ id }, own, place, actions) {
  const tool = (name, onclick) => el("button.link", { type: "button", "data-focus": name, onclick }, t(name));
  const more = el("button.link", { type: "button", "data-focus": "more", "aria-haspopup": "menu", "aria-label": t("more"), title: t("more") }, "…");
  more.onclick = () => actions.pick(id, place, more, null);
  return el(
    "div.tools",
    {},
    own && tool("edit", () => actions.edit(id)),
    own && tool("delete", () => actions.remove(id)),
    more,
  );
}

// A right click opens the message's menu, except where the browser's own is of more use.
function pickAt(event, id, place, actions) {
  if (event.pointerType === "touch" || event.target.closest("a, textarea") || !getSelection().isCollapsed) return;
  event.preventDefault();
  const more = event.currentTarget.querySelector("[data-focus=more]");
  actions.pick(id, place, more, { x: event.clientX, y: event.clientY });
}

function threadChip(thread, actions) {
  return el(
    `button.chip${isNew(thread) ? ".unread" : ""}${thread.closed ? ".shut" : ""}`,
    { type: "button", "data-focus": "chip", onclick: () => actions.visit(thread.channel, thread.id) },
    el("span.chip-name", {}, thread.name),
    el("span.chip-count", {}, plural("replies", thread.count)),
    thread.closed && el("span.tag", {}, t("thread_closed")),
    isNew(thread) && el("span.tag.fresh", {}, t("new")),
  );
}
