// A form of the bot's, as a modal dialog.

import { el } from "./dom.js";
import { t } from "./words.js";

const dialog = document.getElementById("form");

// `send(values, files)` is called with {name: text} twice; the dialog stays open until `closeForm`.
export function openForm(form, send) {
  const fields = form.fields.map((field) => fieldElement(field));
  const trouble = el("p.trouble", { role: "alert" });
  const body = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "form-title" }, form.title),
    ...fields.map(({ element }) => element),
    trouble,
    el(
      "div.buttons",
      {},
      el("button.button.primary", { type: "submit" }, t("form_send")),
      el("button.button", { type: "button", onclick: () => dialog.close() }, t("cancel")),
    ),
  );
  body.onsubmit = async (event) => {
    event.preventDefault();
    const answers = await Promise.all(fields.map(async ({ name, read, isFile }) => ({ name, isFile, text: await read() })));
    const of = (kind) => Object.fromEntries(answers.filter(({ isFile }) => Boolean(isFile) === kind).map(({ name, text }) => [name, text]));
    send(of(false), of(true));
  };
  dialog.lang = form.language;
  dialog.replaceChildren(body);
  if (dialog.open) dialog.close();
  dialog.showModal();
  for (const area of body.querySelectorAll("textarea")) {
    area.setSelectionRange(0, 0);
    area.scrollTop = 0;
  }
}

export function closeForm() {
  dialog.close();
}

export function formTrouble(sentence) {
  const trouble = dialog.open && dialog.querySelector(".trouble");
  if (trouble) trouble.textContent = sentence;
  return Boolean(trouble);
}

function fieldElement(field) {
  if (field.kind === "channels" || field.kind === "roles") return several(field);
  const id = `field-${field.name}`;
  const input = one(field, id);
  const element = el("div.field", {}, el("label", { for: id }, ...label(field)), input);
  const isFile = field.kind === "file";
  const read = () => (isFile ? (input.files[0]?.text() ?? "") : input.value);
  return { name: field.name, element, read, isFile };
}

function one(field, id) {
  const { kind, required, limit, value, choices } = field;
  const common = { id, name: field.name, required };
  if (kind === "choice" || kind === "channel") {
    const options = choices.map(([choice, words]) => el("option", { value: choice, selected: choice === value }, words));
    if (!required || !value) options.unshift(el("option", { value: "" }, "–"));
    return el("select", common, ...options);
  }
  if (kind === "file") return el("input", { ...common, type: "file", accept: ".yaml,.yml,.txt,text/*" });
  if (kind === "paragraph") {
    const rows = Math.min(Math.max(value.split("\n").length + 1, limit > 1000 ? 5 : 3), 16);
    return el("textarea", { ...common, rows: String(rows), maxlength: limit, value });
  }
  const type = kind === "number" ? { type: "number", inputmode: "numeric", step: "any" } : { type: "text", maxlength: limit };
  return el("input", { ...common, ...type, value });
}

function several(field) {
  const chosen = new Set(field.value.split(" "));
  const boxes = field.choices.map(([choice]) =>
    el("input", { type: "checkbox", name: field.name, value: choice, checked: chosen.has(choice) }),
  );
  const check = () => {
    const missing = field.required && !boxes.some((box) => box.checked);
    boxes[0]?.setCustomValidity(missing ? t("choose_one") : "");
  };
  const labels = field.choices.map(([, words], index) => el("label.choice", {}, boxes[index], " ", words));
  const element = el("fieldset.field", { onchange: check }, el("legend", {}, ...label(field)), ...labels);
  check();
  const read = () => boxes.filter((box) => box.checked).map((box) => box.value).join(" ");
  return { name: field.name, element, read };
}

function label(field) {
  return field.required ? [field.label] : [field.label, " ", el("small", {}, `(${t("optional")})`)];
}
