"""People, channels and groups."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.errors import CannotAct, SlackError
from sandbox.slack.seed import PersonSeed, Seed


@dataclass(slots=True)
class Person:
    seed: PersonSeed
    locale: str
    deleted: bool = False

    @property
    def id(self) -> str:
        return self.seed.id

    def as_user(self, team_id: str, *, locale: bool = False, email: bool = False) -> dict[str, Any]:
        """The user object of `users.info`."""
        seed = self.seed
        profile = {"real_name": seed.real_name, "display_name": seed.name, "team": team_id}
        user: dict[str, Any] = {
            "id": seed.id,
            "team_id": team_id,
            "name": seed.name,
            "deleted": self.deleted,
            "real_name": seed.real_name,
            "tz": seed.tz,
            "tz_label": seed.tz_label,
            "tz_offset": seed.tz_offset,
            "profile": {**profile, "email": seed.email} if email else profile,
            "is_admin": seed.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_bot": False,
            "is_app_user": False,
            "updated": 1_795_000_000,
        }
        return {**user, "locale": self.locale} if locale else user


@dataclass(slots=True)
class Channel:
    id: str
    name: str
    members: set[str]
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False

    @property
    def history_scope(self) -> str:
        if self.is_im:
            return "im:history"
        return "groups:history" if self.is_private else "channels:history"

    def as_conversation(self, bot_user_id: str) -> dict[str, Any]:
        """The conversation object of `conversations.info`."""
        if self.is_im:
            other = next(iter(self.members - {bot_user_id}), bot_user_id)
            return {"id": self.id, "is_im": True, "user": other, "is_archived": False, "is_open": True}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_member": bot_user_id in self.members,
            "is_general": self.name == "general",
            "num_members": len(self.members),
        }


@dataclass(slots=True)
class Group:
    id: str
    handle: str
    name: str
    members: list[str] = field(default_factory=list)
    disabled: bool = False

    def as_usergroup(self, team_id: str, *, users: bool, count: bool) -> dict[str, Any]:
        group: dict[str, Any] = {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "name": self.name,
            "handle": self.handle,
            "description": "",
            "is_external": False,
            "date_delete": 1_795_000_000 if self.disabled else 0,
        }
        if users:
            group["users"] = list(self.members)
        if count:
            group["user_count"] = len(self.members)
        return group


class World:
    """Who and what there is. Everything is looked up by id; people also by their key or name."""

    def __init__(self, seed: Seed) -> None:
        self.seed = seed
        self.people = {person.id: Person(person, person.locale) for person in seed.people}
        ids = {person.key: person.id for person in seed.people}
        self.channels: dict[str, Channel] = {}
        for channel in seed.channels:
            members = {ids[key] for key in channel.members}
            if channel.bot_is_member:
                members.add(seed.bot_user_id)
            self.channels[channel.id] = Channel(
                channel.id, channel.name, members, channel.is_private, is_archived=channel.is_archived
            )
        self.groups = {
            group.id: Group(group.id, group.handle, group.name, [ids[key] for key in group.members])
            for group in seed.groups
        }

    def person(self, who: str) -> Person:
        """By key ("requester"), id or name, for whoever plays that person."""
        for person in self.people.values():
            if who in (person.seed.key, person.id, person.seed.name):
                return person
        raise CannotAct(f"there is nobody called {who}")

    def user(self, user_id: str, *, error: str = "user_not_found") -> Person:
        person = self.people.get(user_id)
        if person is None:
            raise SlackError(error)
        return person

    def dm(self, user_id: str) -> Channel:
        """The bot's conversation with that user, opened if need be."""
        channel_id = "D0" + user_id.removeprefix("U0")
        if channel_id not in self.channels:
            members = {user_id, self.seed.bot_user_id}
            self.channels[channel_id] = Channel(channel_id, "directmessage", members, is_im=True)
        return self.channels[channel_id]

    def find_channel(self, ref: str) -> Channel | None:
        """By id, or by name with or without `#`."""
        found = self.channels.get(ref)
        if found is not None:
            return found
        name = ref.removeprefix("#")
        return next((c for c in self.channels.values() if c.name == name and not c.is_im), None)

    def channel_of(self, ref: str, person: Person) -> Channel:
        """The channel as that person would find it in the side bar; "dm" is the one with the bot."""
        channel = self.dm(person.id) if ref == "dm" else self.find_channel(ref)
        if channel is None or (person.id not in channel.members and (channel.is_private or channel.is_im)):
            raise CannotAct(f"{person.seed.real_name} sees no channel called {ref}")
        return channel

    def channel_for_bot(self, ref: str, *, member: bool = False) -> Channel:
        """The channel of a Web API call; `member` asks that the bot is in it."""
        channel = self.find_channel(ref)
        if channel is None:
            raise SlackError("channel_not_found")
        inside = self.seed.bot_user_id in channel.members
        if channel.is_private and not inside:
            raise SlackError("channel_not_found")
        if member and not inside:
            raise SlackError("not_in_channel")
        return channel

    def names(self, user_id: str) -> tuple[str, str]:
        """Short and full name of a person or the bot."""
        if user_id == self.seed.bot_user_id:
            return self.seed.bot_name, self.seed.bot_real_name
        seed = self.people[user_id].seed
        return seed.name, seed.real_name
