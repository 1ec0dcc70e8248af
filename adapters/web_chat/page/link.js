// The WebSocket: comes back by itself, and tells again what was not confirmed before the connection broke.

export class Link {
  #socket = null;
  #person = "";
  #pending = new Map();
  #tries = 0;
  #timer = 0;

  // `onFrame(frame, cause)`: `cause` is our own frame that a "done" or "refused" answers.
  // `onStatus(connected)`
  constructor(onFrame, onStatus) {
    this.onFrame = onFrame;
    this.onStatus = onStatus;
  }

  open(person) {
    this.#person = person;
    this.#pending.clear();
    this.#tries = 0;
    this.#connect();
  }

  send(frame) {
    const told = { ...frame, id: newId() };
    this.#pending.set(told.id, told);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(told));
    return told.id;
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#socket?.close();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/socket?as=${encodeURIComponent(this.#person)}`);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#hear(JSON.parse(data));
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#comeBack();
    };
  }

  #hear(frame) {
    const cause = this.#pending.get(frame.id);
    if (frame.type === "done" || frame.type === "refused") this.#pending.delete(frame.id);
    this.onFrame(frame, cause);
    if (frame.type !== "state") return;
    this.#tries = 0;
    this.onStatus(true);
    for (const told of this.#pending.values()) this.#socket.send(JSON.stringify(told));
  }

  #comeBack() {
    this.onStatus(false);
    const wait = Math.min(10_000, 300 * 2 ** this.#tries) * (0.7 + 0.6 * Math.random());
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#connect(), wait);
    if (this.#tries === 3) this.#askForPassword();
  }

  // A server that was started anew has forgotten who logged in; then "/" leads to the login form.
  async #askForPassword() {
    const answer = await fetch("/", { redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") location.reload();
  }
}

export function newId() {
  // not randomUUID: browsers offer it on https and localhost only
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
