// Two small helpers instead of a framework.

// el("button.primary", {type: "button", onclick}, "words", child, ...): strings become text, never HTML.
export function el(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") || name === "value" || name === "innerHTML") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Bring `parent` in line with `items` ({key, version, build}); what did not change stays untouched, so that
// screen readers hear only news and the focus stays where it is.
export function reconcile(parent, items) {
  const old = new Map(Array.from(parent.children, (child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const { key, version, build } of items) {
    let element = old.get(key);
    old.delete(key);
    if (!element || element.dataset.version !== version) {
      const fresh = build();
      fresh.dataset.key = key;
      fresh.dataset.version = version;
      if (element) {
        if (next === element) next = fresh;
        replaceKeepingFocus(element, fresh);
      }
      element = fresh;
    }
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  for (const element of old.values()) element.remove();
}

function replaceKeepingFocus(element, fresh) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  element.replaceWith(fresh);
  if (!focused) return;
  const { focus } = focused.dataset;
  const same = focus && fresh.querySelector(`[data-focus="${CSS.escape(focus)}"]`);
  (same || fresh.querySelector("button, textarea, a") || fresh).focus();
}
