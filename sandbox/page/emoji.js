// Emoji by Slack's names: those that the bot uses, and the usual ones of people.

const SIGNS = {
  "+1": "👍", "-1": "👎", alarm_clock: "⏰", arrow_left: "⬅️", arrow_right: "➡️", arrows_counterclockwise: "🔄",
  ballot_box_with_check: "☑️", bar_chart: "📊", bell: "🔔", black_circle: "⚫", black_square_for_stop: "⏹️",
  bookmark: "🔖", books: "📚", bricks: "🧱", broom: "🧹", bulb: "💡", bust_in_silhouette: "👤", calendar: "📆",
  chart_with_upwards_trend: "📈", clap: "👏", clipboard: "📋", clock3: "🕒", closed_lock_with_key: "🔐", cloud: "☁️",
  computer: "💻", construction: "🚧", cop: "👮", cry: "😢", double_vertical_bar: "⏸️", email: "📧", exclamation: "❗",
  eyes: "👀", fast_forward: "⏩", file_folder: "📁", fire: "🔥", floppy_disk: "💾", gear: "⚙️",
  globe_with_meridians: "🌐", grey_question: "❔", grin: "😁", hammer: "🔨", hammer_and_wrench: "🛠️", hash: "#️⃣",
  heart: "❤️", heavy_check_mark: "✔️", hourglass: "⌛", hourglass_flowing_sand: "⏳", house: "🏠", inbox_tray: "📥",
  information_source: "ℹ️", joy: "😂", key: "🔑", label: "🏷️", large_blue_circle: "🔵", large_green_circle: "🟢",
  large_yellow_circle: "🟡", leftwards_arrow_with_hook: "↩️", link: "🔗", lock: "🔒", mag: "🔍", mailbox: "📫",
  man_shrugging: "🤷", memo: "📝", moneybag: "💰", new: "🆕", no_entry: "⛔", no_entry_sign: "🚫",
  octagonal_sign: "🛑", ok: "🆗", ok_hand: "👌", package: "📦", page_facing_up: "📄", paperclip: "📎",
  pause_button: "⏸️", pencil2: "✏️", point_right: "👉", pray: "🙏", pushpin: "📌", question: "❓", raised_hand: "✋",
  raised_hands: "🙌", raising_hand: "🙋", red_circle: "🔴", repeat: "🔁", robot_face: "🤖", rocket: "🚀",
  rotating_light: "🚨", satellite_antenna: "📡", scroll: "📜", see_no_evil: "🙈", seedling: "🌱", shield: "🛡️",
  slightly_smiling_face: "🙂", small_blue_diamond: "🔹", small_orange_diamond: "🔸", smile: "😄", sparkles: "✨",
  speech_balloon: "💬", star: "⭐", stop_sign: "🛑", stopwatch: "⏱️", sunny: "☀️", tada: "🎉", thinking_face: "🤔",
  thumbsdown: "👎", thumbsup: "👍", timer_clock: "⏲️", toolbox: "🧰", unlock: "🔓", warning: "⚠️",
  wastebasket: "🗑️", wave: "👋", white_check_mark: "✅", white_circle: "⚪", white_large_square: "⬜",
  white_medium_small_square: "◽", wrench: "🔧", x: "❌", zap: "⚡", zzz: "💤",
};

/** The sign, or null where there is none of that name. */
export const emoji = (name) => SIGNS[name.split("::")[0]] ?? null;
