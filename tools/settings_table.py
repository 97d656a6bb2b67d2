"""Write the table of settings into README.md, between its marks: python -m tools.settings_table."""

from pathlib import Path

from bot.config.settings import Setting, all_settings

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- settings -->\n", "<!-- /settings -->\n"


def table() -> str:
    """All settings as Markdown, in the order in which the bot knows them."""
    rows = [
        f"| `{each.name}` | {_value(each)} | {_default(each)} | {each.description} |"
        for each in all_settings()
    ]
    return "\n".join(["| setting | value | default | what it is |", "| --- | --- | --- | --- |", *rows, ""])


def written(readme: str) -> str:
    """The README with the table as it has to be."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def _value(setting: Setting) -> str:
    return f"{setting.type}, secret" if setting.secret else setting.type


def _default(setting: Setting) -> str:
    if setting.default is None:
        return "**required**"
    return f"`{setting.default}`" if setting.default else ""


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
