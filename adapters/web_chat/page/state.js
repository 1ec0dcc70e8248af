// What the page knows, and what follows from it. Nothing here touches the page.

const SOON = 30_000_000; // ids count microseconds

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
  answers: [], // private answers: {id, at, place, content}; the id sorts among those of messages
  asked: new Set(), // ids of what one did in the channel that one still looks at: an answer may come in a thread
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

export function answersIn({ channel, thread }) {
  return state.answers.filter(({ place }) => place.channel === channel && place.thread === thread);
}

// A one-line confirmation without anything to press or follow, which the bot has since followed by a message.
export function isOvertaken({ id, place, content: { blocks, buttons } }) {
  const isShort = blocks.length === 1 && !buttons.length && !/<a\b/.test(blocks[0].html);
  return isShort && messagesIn(place).some((message) => message.author === "bot" && message.id > id);
}

// The thread in which the bot has answered what one asked, if soon enough to be waited for: it hangs under one's
// message, or is a private one of one's own that was opened since.
export function answeringThread(asked) {
  const isOwn = (thread) => thread.id === asked || (thread.private && isCustomer() && thread.id > asked);
  const isSoon = ({ last, lastAuthor }) => lastAuthor === "bot" && last - asked < SOON;
  return [...state.threads.values()].find((thread) => isOwn(thread) && isSoon(thread));
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

// The threads to list under a channel: the most lately used open ones that concern this person. A customer's private
// ones stay when they are closed, because no message leads to them.
export function listedThreads(channel) {
  const open = [...state.threads.values()].filter(
    (thread) => thread.channel === channel && follows(thread) && (!thread.closed || (thread.private && isCustomer())),
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

export function isCustomer() {
  return state.people.get(state.me)?.part === "customer";
}

// Customers hear of the threads that they are in; whoever stands behind the counter hears of all.
function follows(thread) {
  return !isCustomer() || thread.private || thread.people.includes(state.me);
}
