"""Who and what there is: auth.test, apps.connections.open, team, bots, users, usergroups."""

from sandbox.slack.calls import Answer, Call, Method, Token
from sandbox.slack.core import Core
from sandbox.slack.errors import SlackError
from sandbox.slack.methods.conversations import page
from sandbox.slack.rates import Tier


class Directory:
    def __init__(self, core: Core) -> None:
        self._core = core

    def methods(self) -> dict[str, Method]:
        users, groups = ("users:read",), ("usergroups:read",)
        scopes = {"x-oauth-scopes": ",".join(self._core.seed.scopes)}
        connect = Method(self.connect, Tier.ONE, ("connections:write",), Token.APP)
        return {
            "api.test": Method(self.api_test, Tier.FOUR, token=Token.NONE),
            "auth.test": Method(self.auth_test, Tier.POST, headers=scopes),
            "apps.connections.open": connect,
            "team.info": Method(self.team, Tier.THREE, ("team:read",)),
            "bots.info": Method(self.bot, Tier.THREE, users),
            "users.info": Method(self.user, Tier.FOUR, users),
            "users.list": Method(self.users, Tier.TWO, users),
            "usergroups.list": Method(self.groups, Tier.TWO, groups),
            "usergroups.users.list": Method(self.group_users, Tier.TWO, groups),
        }

    def api_test(self, call: Call) -> Answer:
        if call.has("error"):
            raise SlackError(call.text("error"), args=call.arguments)
        return {"ok": True, "args": call.arguments}

    def auth_test(self, _call: Call) -> Answer:
        seed = self._core.seed
        return {
            "ok": True,
            "url": f"https://{seed.team_domain}.slack.com/",
            "team": seed.team_name,
            "user": seed.bot_name,
            "team_id": seed.team_id,
            "user_id": seed.bot_user_id,
            "bot_id": seed.bot_id,
            "is_enterprise_install": False,
        }

    def connect(self, _call: Call) -> Answer:
        """A URL for one socket. Refused while events go to a request URL, as Socket Mode is off then."""
        if self._core.delivery.url is not None:
            raise SlackError("socket_mode_not_enabled")
        base = self._core.url.replace("http://", "ws://")
        return {"ok": True, "url": f"{base}/link/?ticket={self._core.tickets.link()}"}

    def team(self, _call: Call) -> Answer:
        seed = self._core.seed
        return {"ok": True, "team": {"id": seed.team_id, "name": seed.team_name, "domain": seed.team_domain}}

    def bot(self, call: Call) -> Answer:
        seed = self._core.seed
        if call.text("bot", seed.bot_id) != seed.bot_id:
            raise SlackError("bot_not_found")
        bot = {"id": seed.bot_id, "app_id": seed.app_id, "user_id": seed.bot_user_id}
        return {"ok": True, "bot": {**bot, "name": seed.bot_real_name, "deleted": False}}

    def user(self, call: Call) -> Answer:
        seed = self._core.seed
        user_id = call.required("user")
        if user_id == seed.bot_user_id:
            profile = {"real_name": seed.bot_real_name, "bot_id": seed.bot_id, "api_app_id": seed.app_id}
            names = {"id": user_id, "name": seed.bot_name, "real_name": seed.bot_real_name}
            return {"ok": True, "user": {**names, "is_bot": True, "deleted": False, "profile": profile}}
        person = self._core.world.user(user_id)
        email = "users:read.email" in seed.scopes
        shown = person.as_user(seed.team_id, locale=call.flag("include_locale"), email=email)
        return {"ok": True, "user": shown}

    def users(self, call: Call) -> Answer:
        seed = self._core.seed
        email, locale = "users:read.email" in seed.scopes, call.flag("include_locale")
        people = [
            person.as_user(seed.team_id, locale=locale, email=email)
            for person in self._core.world.people.values()
        ]
        shown, following = page(people, call, 100)
        return {"ok": True, "members": shown, "response_metadata": {"next_cursor": following}}

    def groups(self, call: Call) -> Answer:
        team_id = self._core.seed.team_id
        users, count = call.flag("include_users"), call.flag("include_count")
        found = [
            group.as_usergroup(team_id, users=users, count=count)
            for group in self._core.world.groups.values()
            if call.flag("include_disabled") or not group.disabled
        ]
        return {"ok": True, "usergroups": found}

    def group_users(self, call: Call) -> Answer:
        group = self._core.world.groups.get(call.required("usergroup"))
        if group is None or (group.disabled and not call.flag("include_disabled")):
            raise SlackError("no_such_subteam")
        return {"ok": True, "users": list(group.members)}
