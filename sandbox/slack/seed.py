"""The workspace as it is before anybody does anything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSeed:
    key: str
    id: str
    name: str
    real_name: str
    email: str
    tz: str = "Asia/Seoul"
    tz_label: str = "Korea Standard Time"
    tz_offset: int = 9 * 3600
    locale: str = "en-US"
    is_admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSeed:
    id: str
    name: str
    members: tuple[str, ...]
    bot_is_member: bool = True
    is_private: bool = False
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSeed:
    id: str
    handle: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortcutSeed:
    callback_id: str
    of_message: bool


EVERYBODY = ("requester", "admin", "second-admin", "outsider")

PEOPLE = (
    PersonSeed(key="requester", id="U0MINA001", name="mina", real_name="Mina Kim", email="mina@example.com"),
    PersonSeed(
        key="admin", id="U0BOB0001", name="bob", real_name="Bob Lee", email="bob@example.com", is_admin=True
    ),
    PersonSeed(
        key="second-admin", id="U0DANA001", name="dana", real_name="Dana Park", email="dana@example.com"
    ),
    PersonSeed(
        key="outsider",
        id="U0OWEN001",
        name="owen",
        real_name="Owen Reed",
        email="owen@example.com",
        tz="Europe/Berlin",
        tz_label="Central European Time",
        tz_offset=3600,
    ),
)

CHANNELS = (
    ChannelSeed(id="C0REQUEST1", name="workspace-requests", members=EVERYBODY),
    ChannelSeed(id="C0GENERAL1", name="general", members=EVERYBODY),
)

GROUPS = (
    GroupSeed(id="S0USERS001", handle="workspace-users", name="Workspace users", members=("requester",)),
    GroupSeed(
        id="S0ADMINS01", handle="workspace-admins", name="Workspace admins", members=("admin", "second-admin")
    ),
)

# What the app's manifest asks for: least scopes, so that a call beyond them fails here as it would there.
SCOPES = (
    "app_mentions:read",
    "channels:history",
    "chat:write",
    "commands",
    "groups:history",
    "im:history",
    "im:write",
    "usergroups:read",
    "users:read",
)

SHORTCUTS = (
    ShortcutSeed(callback_id="ws.create.shortcut", of_message=False),
    ShortcutSeed(callback_id="ws.shortcut", of_message=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The team, the app as its manifest describes it, and who is where."""

    people: tuple[PersonSeed, ...] = PEOPLE
    channels: tuple[ChannelSeed, ...] = CHANNELS
    groups: tuple[GroupSeed, ...] = GROUPS
    scopes: tuple[str, ...] = SCOPES
    events: tuple[str, ...] = ("app_home_opened", "app_mention", "message.im", "user_change")
    commands: tuple[str, ...] = ("/workspace",)
    shortcuts: tuple[ShortcutSeed, ...] = SHORTCUTS
    should_escape: bool = True
    team_id: str = "T0MEERKAT"
    team_name: str = "Meerkat"
    team_domain: str = "meerkat"
    app_id: str = "A0WORKSPC1"
    bot_id: str = "B0WORKSPC1"
    bot_user_id: str = "U0WORKSPC1"
    bot_name: str = "workspacebot"
    bot_real_name: str = "Workspace Bot"
