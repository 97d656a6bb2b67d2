// What Slack itself says: in English as the simulator has it, in Korean to whoever reads Korean.

import { reader } from "./reader.js";

const KOREAN = [
  [/^Please complete this required field\.$/, "필수 항목입니다. 작성해 주세요."],
  [/^Must be at least (\d+) characters\.$/, "$1자 이상이어야 합니다."],
  [/^Must be (\d+) characters or fewer\.$/, "$1자 이하여야 합니다."],
  [/^Please enter a valid email address\.$/, "올바른 이메일 주소를 입력해 주세요."],
  [/^Please enter a valid URL\.$/, "올바른 URL을 입력해 주세요."],
  [/^Please select no more than (\d+) items\.$/, "$1개까지만 선택할 수 있습니다."],
  [/^(\S+) is not a valid command\.$/, "올바른 명령어가 아닙니다: $1"],
  [/^(\S+) is not supported in threads\. Sorry!$/, "스레드에서는 $1 명령어를 사용할 수 없습니다."],
  [/^(\S+) failed with the error "(.+)"$/, "$1 명령어가 실패했습니다(오류: $2)."],
  [/^We had some trouble connecting\. Try again\?$/, "연결하는 중에 문제가 발생했습니다. 다시 시도해 주세요."],
];

/** Slack's words for the reader; anything else, such as the bot's own, stays as it is. */
export function slackSays(text) {
  if (!reader.locale.startsWith("ko")) return text;
  const known = KOREAN.find(([words]) => words.test(text));
  return known ? text.replace(known[0], known[1]) : text;
}
