// What may follow the words before the cursor: the app's command and what it takes, and the app's name.

import { BOT, reader } from "./reader.js";
import { say } from "./words.js";

const COMMAND = "/workspace";
const AFTER = ["create", "status", "list", "delete", "help"];

/** Offers as {text, note, typed}; `typed` is what they replace, `whole`: nothing is missing any more. */
export function complete(before) {
  const mention = /(?:^|\s)(@[\w-]*)$/.exec(before);
  if (mention) return people(mention[1]);
  if (!before.startsWith("/")) return [];
  const [command, ...rest] = before.split(" ");
  if (rest.length === 0) {
    const near = COMMAND.startsWith(command) || AFTER.some((one) => `/${one}`.startsWith(command));
    return near
      ? [{ text: `${COMMAND} `, note: AFTER.join(" | "), typed: command, whole: command === COMMAND }]
      : [];
  }
  if (command !== COMMAND || rest.length > 1) return [];
  return AFTER.filter((one) => one.startsWith(rest[0])).map((one) => ({
    text: one === "list" || one === "help" ? one : `${one} `,
    note: say(`h_${one}`),
    typed: rest[0],
    whole: one === rest[0] || rest[0] === "",
  }));
}

function people(typed) {
  const known = [
    { name: BOT.name, note: BOT.realName },
    ...reader.people.map((one) => ({ name: one.name, note: one.real_name })),
  ];
  const word = typed.slice(1).toLowerCase();
  return known
    .filter((one) => one.name.startsWith(word) || one.note.toLowerCase().startsWith(word))
    .map((one) => ({ text: `@${one.name} `, note: one.note, typed, whole: one.name === word }));
}
