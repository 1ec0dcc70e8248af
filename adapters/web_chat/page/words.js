// The page's own words. They come from the server, in the language of the person one is.

let words = {};
let language = "en";

export function speak(newWords, newLanguage) {
  words = newWords;
  language = newLanguage;
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-words]")) {
    element.textContent = t(element.dataset.words);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
    element.title = t(element.dataset.label);
  }
}

export const has = (key) => key in words;

export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function plural(key, count) {
  return t(`${key}.${new Intl.PluralRules(language).select(count)}`, { count });
}

const locale = (of) => (of === "en" ? "en-GB" : of);

export function clock(at) {
  return new Intl.DateTimeFormat(locale(language), { hour: "2-digit", minute: "2-digit" }).format(at);
}

export function day(at) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5);
  if (days === 0) return t("today");
  if (days === 1) return t("yesterday");
  return new Intl.DateTimeFormat(locale(language), { weekday: "long", day: "numeric", month: "long" }).format(at);
}

// A moment in the reader's own zone, in the language of the words around it.
export function moment(at, inLanguage) {
  const parts = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(locale(inLanguage), parts).format(at);
}
