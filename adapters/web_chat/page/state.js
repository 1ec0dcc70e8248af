// What the page knows, and what follows from it. Nothing here touches the page.

export const state = {
  me: "",
  people: new Map(),
  channels: [],
  commands: [],
  messages: new Map(),
  threads: new Map(),
  loaded: new Set(), // threads whose messages we were told
  seen: {}, // place (channel or thread) -> the newest message that one has read there
  newSince: {}, // place -> what had been read when one came in: the line "New" stands behind it
  answers: [], // private answers: {key, place, after, content}
  board: null,
  channel: "support",
  thread: null,
  editing: null,
};

export function messagesIn({ channel, thread }) {
  const found = [...state.messages.values()].filter((message) =>
    thread ? message.thread === thread || message.id === thread : message.channel === channel && message.thread === null,
  );
  const kept = found.filter(({ id, deleted }) => !deleted || state.threads.has(id));
  return kept.sort((one, other) => (one.id < other.id ? -1 : 1));
}

export function newest(place) {
  return messagesIn(place).at(-1)?.id ?? "";
}

export function unreadIn(channel) {
  const seen = state.seen[channel] ?? "";
  const messages = messagesIn({ channel, thread: null });
  return messages.filter(({ id, author, deleted }) => id > seen && author !== state.me && !deleted).length;
}

export function isNew(thread) {
  return follows(thread) && thread.lastAuthor !== state.me && thread.last > (state.seen[thread.id] ?? "");
}

// The open threads to list under a channel: the most lately used ones that concern this person.
export function openThreads(channel) {
  const open = [...state.threads.values()].filter(
    (thread) => thread.channel === channel && !thread.closed && follows(thread),
  );
  return open.sort((one, other) => ((one.last || one.id) < (other.last || other.id) ? 1 : -1)).slice(0, 6);
}

export function seesBoard() {
  return state.channels.some(({ id }) => id === "agents");
}

// What one is looking at now: the channel, and the thread when one is open.
export function shownPlaces() {
  const { channel, thread } = state;
  const places = [{ key: channel, channel, thread: null }];
  return thread && state.loaded.has(thread) ? [...places, { key: thread, channel, thread }] : places;
}

// Customers hear of the threads that they are in; whoever stands behind the counter hears of all.
function follows(thread) {
  return state.people.get(state.me)?.part !== "customer" || thread.people.includes(state.me);
}
