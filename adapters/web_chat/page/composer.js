// Where one writes: Enter sends, Shift + Enter breaks the line, "/" opens the list of commands.

import { el } from "./dom.js";
import { t } from "./words.js";

export class Composer {
  #matches = [];
  #chosen = 0;

  // `send(text)` is called with what was written; `recall()` when the arrow up is pressed in an empty field
  constructor(root, name, { commands, send, recall }) {
    this.commands = commands;
    this.send = send;
    this.recall = recall;
    this.list = el("ul.completion", { id: `${name}-commands`, role: "listbox", hidden: true });
    this.usage = el("p.typing-help", { hidden: true, id: `${name}-usage` });
    this.field = el("textarea", {
      id: `${name}-field`,
      rows: "1",
      role: "combobox",
      maxlength: "10001", // one more than allowed, so that the server can say why
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
      "aria-describedby": this.usage.id,
    });
    this.button = el("button.button.primary.send", { type: "submit" }, el("span", { "aria-hidden": "true" }, "➤"));
    const form = el("form", {}, this.list, this.usage, el("div.line", {}, this.field, this.button));
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    this.field.oninput = () => this.#changed();
    this.field.onkeydown = (event) => this.#key(event);
    this.field.onblur = () => this.#complete([]);
    root.append(form);
  }

  speak(placeholder) {
    this.field.placeholder = placeholder;
    this.field.setAttribute("aria-label", placeholder);
    this.field.title = t("enter_hint");
    this.button.setAttribute("aria-label", t("send"));
    this.button.title = t("send");
    this.list.setAttribute("aria-label", t("commands"));
  }

  fill(text) {
    this.field.value = text;
    this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
    this.#changed();
  }

  #submit() {
    const text = this.field.value;
    if (!text.trim()) return;
    this.field.value = "";
    this.#changed();
    this.send(text);
  }

  #changed() {
    const { field } = this;
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 220)}px`;
    const typed = /^\/([\w-]*)$/.exec(field.value);
    this.#complete(typed ? this.commands().filter(({ name }) => name.startsWith(typed[1].toLowerCase())) : []);
    const name = /^\/([\w-]+)\s/.exec(field.value)?.[1].toLowerCase();
    const known = this.commands().find((command) => command.name === name);
    this.usage.hidden = !known;
    this.usage.replaceChildren(...(known ? [...usage(known), " – ", known.description] : []));
  }

  #complete(matches) {
    this.#matches = matches;
    this.#chosen = 0;
    this.list.hidden = !matches.length;
    this.field.setAttribute("aria-expanded", String(matches.length > 0));
    this.list.replaceChildren(...matches.map((command, index) => this.#option(command, index)));
    this.#mark();
  }

  #option(command, index) {
    const option = el(
      "li",
      { role: "option", id: `${this.list.id}-${index}` },
      el("span.usage", {}, ...usage(command)),
      el("span.what", {}, command.description),
    );
    option.onpointerdown = (event) => {
      event.preventDefault(); // keeps the focus in the field
      this.#take(index);
    };
    return option;
  }

  #mark() {
    Array.from(this.list.children).forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === this.#chosen));
    });
    const chosen = this.list.children[this.#chosen];
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) this.field.setAttribute("aria-activedescendant", chosen.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  #take(index) {
    this.fill(`/${this.#matches[index].name} `);
  }

  #key(event) {
    if (event.isComposing) return;
    const count = this.#matches.length;
    const exact = count && this.field.value.trim().toLowerCase() === `/${this.#matches[this.#chosen].name}`;
    if (count && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      this.#chosen = (this.#chosen + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
      this.#mark();
    } else if (count && (event.key === "Tab" || (event.key === "Enter" && !exact)) && !event.shiftKey) {
      this.#take(this.#chosen);
    } else if (count && event.key === "Escape") {
      event.stopPropagation();
      this.#complete([]);
    } else if (event.key === "Enter" && !event.shiftKey) {
      this.#submit();
    } else if (event.key === "ArrowUp" && !this.field.value) {
      this.recall();
    } else {
      return;
    }
    event.preventDefault();
  }
}

function usage(command) {
  return [el("code", {}, `/${command.name}`), " ", command.usage];
}
