// The JSON API of the sandbox, described in docs/sandbox.md.

/** The sandbox could not carry it out; says what is wrong and what to do. */
export class Refused extends Error {
  constructor(status, said) {
    super(said.error ?? `HTTP ${status}`);
    this.status = status;
    this.remedy = said["what to do"] ?? "";
  }
}

/** Nobody answers at all. */
export class Unreachable extends Error {}

async function call(method, path, { query = {}, body, signal } = {}) {
  const address = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const options = { method, signal };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const answer = await fetch(address, options).catch((error) => {
    throw new Unreachable(error.message);
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

const get = (path, query, signal) => call("GET", path, { query, signal });
const part = encodeURIComponent;

export const api = {
  people: () => get("/api/people"),
  setLocale: (person, locale) => call("PUT", `/api/people/${person}`, { body: { locale } }),
  act: (person, act, body) => call("POST", `/api/people/${person}/${act}`, { body }),
  channels: (as) => get("/api/channels", { as }),
  channel: (name, as) =>
    name === "dm" ? get("/api/dm", { as }) : get(`/api/channels/${part(name)}`, { as }),
  read: (name, as, ts) => call("PUT", `/api/channels/${part(name)}/read`, { query: { as }, body: { ts } }),
  readThread: (name, as, thread_ts, ts) =>
    call("PUT", `/api/channels/${part(name)}/read`, { query: { as }, body: { ts, thread_ts } }),
  threads: (as) => get("/api/threads", { as }).then((said) => said.threads),
  dismiss: (name, as, ts) => call("DELETE", `/api/channels/${part(name)}/private/${ts}`, { query: { as } }),
  view: (as) => get("/api/view", { as }).then((said) => said.view),
  home: (as) => get("/api/home", { as }).then((said) => said.view),
  world: () => get("/api/world"),
  journal: (since, wait, signal) => get("/api/journal", { since, wait }, signal),
  writes: (since, wait, signal) => get("/api/writes", { since, wait }, signal),
  faults: () => get("/api/faults"),
  putFault: (name, body) => call("PUT", `/api/faults/${name}`, { body }),
  liftFault: (name) => call("DELETE", `/api/faults/${name}`),
  bot: () => get("/api/bot"),
  tellBot: (deed) => call("POST", `/api/bot/${deed}`),
};
