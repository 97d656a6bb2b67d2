// Emoji by Slack's names: those that the bot uses, and the usual ones of people.

const SIGNS = {
  "+1": "👍", "-1": "👎", thumbsup: "👍", thumbsdown: "👎", alarm_clock: "⏰", arrows_counterclockwise: "🔄",
  arrow_right: "➡️", ballot_box_with_check: "☑️", bar_chart: "📊", bell: "🔔", black_circle: "⚫",
  black_square_for_stop: "⏹️", books: "📚", bricks: "🧱", broom: "🧹", bulb: "💡", bust_in_silhouette: "👤",
  calendar: "📆", chart_with_upwards_trend: "📈", clap: "👏", clipboard: "📋", clock3: "🕒", closed_lock_with_key: "🔐",
  cloud: "☁️", cop: "👮", cry: "😢", double_vertical_bar: "⏸️", email: "📧", exclamation: "❗", eyes: "👀",
  file_folder: "📁", fire: "🔥", gear: "⚙️", grey_question: "❔", grin: "😁", hammer_and_wrench: "🛠️", heart: "❤️",
  heavy_check_mark: "✔️", hourglass: "⌛", hourglass_flowing_sand: "⏳", house: "🏠", inbox_tray: "📥",
  information_source: "ℹ️", joy: "😂", key: "🔑", large_blue_circle: "🔵", large_green_circle: "🟢",
  large_yellow_circle: "🟡", link: "🔗", lock: "🔒", mag: "🔍", mailbox: "📫", memo: "📝", moneybag: "💰",
  new: "🆕", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑", ok: "🆗", ok_hand: "👌", package: "📦",
  page_facing_up: "📄", paperclip: "📎", pause_button: "⏸️", pencil2: "✏️", point_right: "👉", pray: "🙏",
  pushpin: "📌", question: "❓", raised_hand: "✋", raised_hands: "🙌", red_circle: "🔴", rocket: "🚀",
  rotating_light: "🚨", seedling: "🌱", shield: "🛡️", slightly_smiling_face: "🙂", smile: "😄", sparkles: "✨",
  speech_balloon: "💬", star: "⭐", stopwatch: "⏱️", tada: "🎉", thinking_face: "🤔", timer_clock: "⏲️",
  toolbox: "🧰", unlock: "🔓", warning: "⚠️", wastebasket: "🗑️", wave: "👋", white_check_mark: "✅",
  white_circle: "⚪", white_large_square: "⬜", wrench: "🔧", x: "❌", zap: "⚡",
};

/** The sign, or null where there is none of that name. */
export const emoji = (name) => SIGNS[name.split("::")[0]] ?? null;
