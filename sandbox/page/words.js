// The page's own words. What the bot says comes from the bot, in the language it chose.

import { reader } from "./reader.js";

const EN = {
  about: "About", activity: "What happens here", add: "Switch on", alsoIn: "Only you see this conversation and the app.",
  app: "APP", appHome: "App Home", apps: "Apps", applied: "on", asWho: "You are", attempt: "From the n-th call",
  aboutApp: "Asks for, approves, makes, checks and deletes AI workspaces. Everything outside it is simulated on this machine.",
  back: "Back", botIs: "The bot", botAbsent: "not here", botFailed: "failed", botKilled: "killed", botRunning: "running",
  botStopped: "stopped", bold: "Bold", call: "Call", calls: "Calls of the bot", cancel: "Cancel", changed: "changed", channel: "Channel",
  channels: "Channels", choose: "Choose", close: "Close", closePanel: "Close thread", commands: "Commands", connected: "Connected",
  details: "Details", dismiss: "Dismiss", dismissMessage: "Dismiss message", directMessage: "Direct message",
  emptyChannel: "This is the very beginning of {name}.", emptyDm: "This is the beginning of your conversation with {name}.",
  emptyHome: "The app has not drawn its Home yet.", emptyTraffic: "Nothing went back and forth yet.",
  emptyWorld: "No workspace exists. What comes into being is shown here at once.", everything: "Everything", faults: "Faults",
  faultsAbout: "Break something on purpose and see what the bot makes of it.", filter: "Filter", foundation: "What was there before",
  forever: "0: until switched off", from: "by", gone: "gone", home: "Home", how: "How", jump: "Jump to newest", kill: "Kill -9", kinds: "Kind",
  language: "Language", lastReply: "Last reply {when}", lost: "The sandbox does not answer. Trying again …", members: "members", mention: "Mention the app",
  menu: "Open side bar", message: "Message {name}", messages: "Messages", more: "More actions", nameChoose: "Person", navigation: "Side bar",
  newMessages: "New", newOne: "new", next: "n-th call", noDraw: "(file)", none: "None", off: "off", on: "on", online: "Active",
  onlyYou: "Only visible to you", open: "Open", opensElsewhere: "Opens in a new tab", away: "Away", optional: "(optional)", people: "People",
  pane: "Behind the scenes", picture: "Picture", placeholder: "Select an option", reply: "Reply…", replies: "{n} replies", replyOne: "1 reply",
  replyIn: "Reply in thread", requester: "may ask", admin: "approves", "second-admin": "approves too", outsider: "in no group",
  rows: "{n} rows", send: "Send", shortcut: "Workspace actions", slack: "Slack", slackbot: "Slackbot", start: "Start", sure: "Are you sure?", theme: "Theme",
  themeDark: "Dark", themeLight: "Light", themeSystem: "As the system", thread: "Thread", times: "Times", traffic: "Traffic", trouble: "Something went wrong",
  trafficAbout: "What went between Slack and the bot, and what was changed outside.", typeFilter: "Words in a row",
  unread: "{n} unread", unreadSome: "unread messages", viewThread: "View thread", world: "World", worldAbout: "What exists in each system right now.",
  worldChanges: "Latest changes", you: "you", pressFailed: "This did not work: {why}", itself: "by itself", hide: "Hide", show: "Show", sendHint: "Enter sends, Shift+Enter makes a new line",
  k_namespaces: "Namespaces", k_profiles: "Kubeflow profiles", k_dex_users: "Logins (dex)", k_buckets: "S3 buckets", k_policies: "S3 access",
  k_stacks: "CloudFormation stacks", k_nodegroups: "Node groups", k_dashboards: "Dashboards", k_conductor: "AI Conductor",
  f_no_capacity: "No machine at EC2", f_access_denied: "A right is missing", f_policy_full: "S3 policies are full", f_throttling: "Vendor is busy",
  f_lost_answer: "An answer gets lost", f_dex_broken: "dex does not come up", f_slack_down: "Slack is down", f_slack_twice: "Slack delivers twice",
  f_kill_bot: "The bot is killed", h_create: "ask for a workspace", h_status: "how a workspace is", h_list: "what there is", h_delete: "have one deleted", h_help: "what there is to say",
  noSlack: "Slack is not simulated here. Start the sandbox without --without slack.", waiting: "Sending…", w_bot: "the bot", w_eksctl: "eksctl", w_cf: "CloudFormation",
};

const KO = {
  about: "정보", activity: "지금 일어나는 일", add: "켜기", alsoIn: "이 대화는 본인과 앱만 볼 수 있습니다.",
  app: "앱", appHome: "앱 홈", apps: "앱", applied: "켜짐", asWho: "현재 사용자", attempt: "몇 번째 호출부터",
  aboutApp: "AI 워크스페이스를 요청·승인·생성·확인·삭제합니다. 앱 바깥의 모든 것은 이 컴퓨터에서 흉내 낸 것입니다.",
  back: "뒤로", botIs: "봇", botAbsent: "없음", botFailed: "실패", botKilled: "강제 종료됨", botRunning: "실행 중",
  botStopped: "중지됨", bold: "굵게", call: "호출", calls: "봇의 호출", cancel: "취소", changed: "변경", channel: "채널",
  channels: "채널", choose: "선택", close: "닫기", closePanel: "스레드 닫기", commands: "명령어", connected: "연결됨",
  details: "자세히", dismiss: "닫기", dismissMessage: "메시지 지우기", directMessage: "다이렉트 메시지",
  emptyChannel: "{name} 채널의 시작입니다.", emptyDm: "{name} 앱과의 대화가 시작되는 곳입니다.",
  emptyHome: "앱이 아직 홈을 그리지 않았습니다.", emptyTraffic: "아직 주고받은 것이 없습니다.",
  emptyWorld: "워크스페이스가 없습니다. 무엇이든 생기면 바로 여기에 나타납니다.", everything: "전체", faults: "장애",
  faultsAbout: "일부러 고장을 내고 봇이 어떻게 대처하는지 확인합니다.", filter: "필터", foundation: "처음부터 있던 것",
  forever: "0: 끌 때까지", from: "주체:", gone: "삭제됨", home: "홈", how: "방식", jump: "최신 메시지로 이동", kill: "kill -9", kinds: "종류",
  language: "언어", lastReply: "마지막 댓글: {when}", lost: "샌드박스가 응답하지 않습니다. 다시 연결하는 중 …", members: "멤버", mention: "앱 멘션",
  menu: "사이드바 열기", message: "{name}에 메시지 보내기", messages: "메시지", more: "추가 작업", nameChoose: "사용자", navigation: "사이드바",
  newMessages: "새 메시지", newOne: "새로 생김", next: "몇 번째", noDraw: "(파일)", none: "없음", off: "꺼짐", on: "켜짐", online: "대화 가능",
  onlyYou: "나에게만 표시", open: "열기", opensElsewhere: "새 탭에서 열림", away: "자리 비움", optional: "(선택 사항)", people: "사람",
  pane: "무대 뒤", picture: "그림", placeholder: "옵션 선택", reply: "댓글 달기…", replies: "댓글 {n}개", replyOne: "댓글 1개",
  replyIn: "스레드에서 댓글 달기", requester: "요청자", admin: "승인자", "second-admin": "다른 승인자", outsider: "그룹 없음",
  rows: "{n}행", send: "보내기", shortcut: "Workspace actions", slack: "Slack", slackbot: "Slackbot", start: "시작", sure: "계속하시겠습니까?", theme: "테마",
  themeDark: "어둡게", themeLight: "밝게", themeSystem: "시스템 설정", thread: "스레드", times: "횟수", traffic: "트래픽", trouble: "문제가 생겼습니다",
  trafficAbout: "Slack과 봇이 주고받은 것, 그리고 바깥에서 바뀐 것입니다.", typeFilter: "행에 든 단어",
  unread: "읽지 않음 {n}개", unreadSome: "읽지 않은 메시지", viewThread: "스레드 보기", world: "월드", worldAbout: "지금 각 시스템에 있는 것입니다.",
  worldChanges: "최근 변경", you: "나", pressFailed: "실행되지 않았습니다: {why}", itself: "저절로", hide: "숨기기", show: "보기", sendHint: "Enter 전송, Shift+Enter 줄 바꿈",
  k_namespaces: "네임스페이스", k_profiles: "Kubeflow 프로필", k_dex_users: "로그인(dex)", k_buckets: "S3 버킷", k_policies: "S3 접근 권한",
  k_stacks: "CloudFormation 스택", k_nodegroups: "노드 그룹", k_dashboards: "대시보드", k_conductor: "AI Conductor",
  f_no_capacity: "EC2에 장비가 없음", f_access_denied: "권한이 없음", f_policy_full: "S3 정책이 가득 참", f_throttling: "요청이 너무 많음",
  f_lost_answer: "응답이 사라짐", f_dex_broken: "dex가 뜨지 않음", f_slack_down: "Slack이 응답하지 않음", f_slack_twice: "Slack이 두 번 전달함",
  f_kill_bot: "봇이 강제 종료됨", h_create: "워크스페이스 요청", h_status: "워크스페이스 상태", h_list: "목록", h_delete: "삭제 요청", h_help: "사용법",
  noSlack: "여기에는 Slack이 없습니다. --without slack 없이 샌드박스를 시작하십시오.", waiting: "보내는 중…", w_bot: "봇", w_eksctl: "eksctl", w_cf: "CloudFormation",
};

/** A word of the page in the reader's language; `{name}` in it is replaced. */
export function say(key, facts = {}) {
  const words = reader.locale.startsWith("ko") ? KO : EN;
  const text = words[key];
  if (text === undefined) throw new Error(`there is no word ${key}`);
  return text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
}

export const LANGUAGES = [EN, KO];
