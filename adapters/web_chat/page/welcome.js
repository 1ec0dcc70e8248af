// The panel for a first visit: three things to try, each one click away.

import { el } from "./dom.js";
import { has, t } from "./words.js";

// `attempt({person, channel, words})` becomes the person and fills the composer; `close()` hides the panel
export function welcomeElements(attempt, close) {
  const cards = [1, 2, 3].map((number) => {
    const key = `welcome.${number}`;
    const tries = ["a", "b"].filter((letter) => has(`${key}.${letter}`)).map((letter) => tryButton(number, letter));
    return el(
      "li",
      {},
      el("span.number", { "aria-hidden": "true" }, String(number)),
      el("h3", {}, t(`${key}.title`)),
      el("p", {}, t(`${key}.text`)),
      ...tries,
    );
  });

  function tryButton(number, letter) {
    const key = `welcome.${number}.${letter}`;
    const [person, channel, words] = ["person", "channel", "words"].map((name) => t(`${key}.${name}`));
    return el(`button.button${number === 1 && letter === "a" ? ".primary" : ""}`, { type: "button", onclick: () => attempt({ person, channel, words }) }, t(key));
  }

  return [
    el("button.icon.dismiss", { type: "button", "aria-label": t("close"), title: t("close"), onclick: close }, "✕"),
    el("h2", { id: "welcome-title" }, t("welcome.title")),
    el("p", {}, t("welcome.lead")),
    el("ol", {}, ...cards),
    el("p.note", {}, `${t("welcome.foot")} ${t("welcome.again")}`),
  ];
}
