// The menu of a message: what the bot can do with it.

import { el } from "./dom.js";
import { t } from "./words.js";

const menu = document.getElementById("pick");
const WISHES = ["covered", "ticket", "private"];
let opener = null;

export const picking = () => menu.matches(":popover-open");

// Opens at `point` ({x, y}), or, without one, under the button that opens it. `pick(wish)` is called with the choice.
export function openPicking(button, point, pick) {
  opener = button;
  const take = (wish) => {
    menu.hidePopover();
    pick(wish);
  };
  menu.setAttribute("aria-label", t("more"));
  menu.replaceChildren(
    ...WISHES.map((wish) => el("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => take(wish) }, t(`pick.${wish}`))),
  );
  menu.showPopover();
  const { left, bottom } = button.getBoundingClientRect();
  place(point ?? { x: left, y: bottom });
  menu.firstElementChild.focus();
}

function place({ x, y }) {
  menu.style.left = `${Math.max(4, Math.min(x, innerWidth - menu.offsetWidth - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, innerHeight - menu.offsetHeight - 4))}px`;
}

menu.onkeydown = (event) => {
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
  if (next !== undefined) items[next % items.length].focus();
  else if (event.key === "Tab") menu.hidePopover();
  else return;
  event.preventDefault();
};
menu.ontoggle = (event) => {
  if (event.newState === "closed" && document.activeElement === document.body) opener?.focus();
};
