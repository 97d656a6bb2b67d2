// Who looks at the page: names, language and time zone all follow from that.

export const reader = {
  key: "requester",
  id: "",
  name: "",
  locale: "en-US",
  zone: "UTC",
  groupIds: new Set(),
  people: [], // everybody, as the API tells
  users: new Map(), // id → {name, real_name, key}
  groups: new Map(), // id → handle
  channels: new Map(), // id → name
};

export const BOT = { id: "U0WORKSPC1", name: "workspacebot", realName: "Workspace Bot" };

export function readAs(key, { people, groups }) {
  const me = people.find((one) => one.key === key) ?? people[0];
  reader.people = people;
  reader.key = me.key;
  reader.id = me.id;
  reader.name = me.real_name;
  reader.locale = me.locale;
  reader.zone = me.tz;
  reader.groups = new Map(groups.map((one) => [one.id, one.handle]));
  reader.groupIds = new Set(groups.filter((one) => me.groups.includes(one.handle)).map((one) => one.id));
  reader.users = new Map(people.map((one) => [one.id, one]));
}

/** Changes whenever the same message would look different. */
export function readerSign() {
  const today = new Date().toLocaleDateString("en-CA", { timeZone: reader.zone });
  return `${reader.key}|${reader.locale}|${today}`;
}

export function nameOf(id) {
  if (id === BOT.id) return BOT.realName;
  return reader.users.get(id)?.real_name ?? id;
}
