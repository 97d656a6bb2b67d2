"""The JSON API that the page, the demo, tests and scripts use. Documented in docs/sandbox.md."""

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox.bot import Bot, BotFailed
from sandbox.control import pagefiles
from sandbox.control.acts import ACTS
from sandbox.control.request import Body, Wrong, body_of, no_such_address, only, refuse, since
from sandbox.faults import BadFault, Name
from sandbox.slack import CannotAct, SlackSimulator
from sandbox.world import World

PEOPLE = ("requester", "admin", "second-admin", "outsider")
LOCALES = ("en-US", "en-GB", "ko-KR")
A_LITTLE = 0.5  # seconds; less than the server has patience for open requests when it stops


class Api:
    """An ASGI application over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._closing = False
        self.app = Starlette(
            routes=[
                Route("/", self._root),
                Mount("/page", pagefiles.Files()),
                Route("/api", self._calls),
                Route("/api/people", self._all_people),
                Route("/api/people/{person}", self._set_person, methods=["PUT"]),
                Route("/api/people/{person}/{act}", self._act, methods=["POST"]),
                Route("/api/channels", self._channels),
                Route("/api/channels/{name}", self._channel),
                Route("/api/channels/{name}/read", self._read, methods=["PUT"]),
                Route("/api/channels/{name}/private/{ts}", self._dismiss, methods=["DELETE"]),
                Route("/api/dm", self._dm),
                Route("/api/threads", self._threads),
                Route("/api/home", self._home_view),
                Route("/api/view", self._view),
                Route("/api/world", self._look),
                Route("/api/logins", self._logins),
                Route("/api/journal", self._journal),
                Route("/api/writes", self._writes),
                Route("/api/unknown", self._unknown),
                Route("/api/faults", self._faults),
                Route("/api/faults/{name}", self._fault, methods=["GET", "PUT", "DELETE"]),
                Route("/api/bot", self._bot_state),
                Route("/api/bot/{deed}", self._bot, methods=["POST"]),
            ],
            exception_handlers={Wrong: refuse, 404: no_such_address, 405: no_such_address},
        )

    def close(self) -> None:
        """Before the server stops: whoever waits for something to happen is answered now."""
        self._closing = True

    # Acting

    async def _act(self, request: Request) -> Response:
        person, act = self._person(request.path_params["person"]), request.path_params["act"]
        if act not in ACTS:
            raise Wrong(404, f"nobody can {act}", f"use one of {', '.join(ACTS)}")
        body, slack = await body_of(request), self._slack()
        return JSONResponse(await _carried_out(lambda: ACTS[act](slack, person, body), person))

    async def _set_person(self, request: Request) -> Response:
        person, body, slack = (
            self._person(request.path_params["person"]),
            await body_of(request),
            self._slack(),
        )
        only(body, {"locale"}, required={"locale"})
        if body["locale"] not in LOCALES:
            raise Wrong(400, f"Slack is not set to {body['locale']!r} here", f"use {', '.join(LOCALES)}")
        await run_in_threadpool(slack.set_locale, person, body["locale"])
        return await self._all_people(request)

    async def _read(self, request: Request) -> Response:
        slack, as_, body = self._slack(), self._as(request), await body_of(request)
        only(body, {"ts", "thread_ts"}, required={"ts"})
        name, thread = request.path_params["name"], body.get("thread_ts")
        return await self._done(lambda: slack.read(as_, name, body["ts"], thread), as_)

    async def _dismiss(self, request: Request) -> Response:
        slack, as_, at = self._slack(), self._as(request), request.path_params
        return await self._done(lambda: slack.dismiss(as_, at["name"], at["ts"]), as_)

    async def _done(self, act: Callable[[], None], person: str) -> Response:
        """What the side bar then looks like."""
        slack = self._slack()

        def carried_out() -> Body:
            act()
            return {"channels": slack.channels(person)}

        return JSONResponse(await _carried_out(carried_out, person))

    # Looking

    async def _root(self, _: Request) -> Response:
        return pagefiles.home()

    async def _calls(self, _: Request) -> Response:
        routes = [route for route in self.app.routes if isinstance(route, Route)]
        return JSONResponse(
            {
                "calls": [
                    f"{method} {route.path}"
                    for route in routes
                    for method in sorted((route.methods or set()) - {"HEAD"})
                ],
                "acts": list(ACTS),
                "people": list(PEOPLE),
            }
        )

    async def _all_people(self, _: Request) -> Response:
        slack = self._slack()
        groups = [{"id": one.id, "handle": one.handle} for one in slack.core.world.groups.values()]
        return JSONResponse({"people": await run_in_threadpool(slack.people), "groups": groups})

    async def _channels(self, request: Request) -> Response:
        slack, as_ = self._slack(), self._as(request)
        team = {"id": slack.team_id, "name": slack.core.seed.team_name}
        return JSONResponse({"team": team, "channels": await run_in_threadpool(slack.channels, as_)})

    async def _channel(self, request: Request) -> Response:
        slack, as_ = self._slack(), self._as(request)
        return JSONResponse(await _carried_out(lambda: slack.channel(request.path_params["name"], as_), as_))

    async def _dm(self, request: Request) -> Response:
        slack, as_ = self._slack(), self._as(request)
        return JSONResponse(await _carried_out(lambda: slack.dm(as_), as_))

    async def _threads(self, request: Request) -> Response:
        return JSONResponse({"threads": await run_in_threadpool(self._slack().threads, self._as(request))})

    async def _home_view(self, request: Request) -> Response:
        return JSONResponse({"view": await run_in_threadpool(self._slack().home_view, self._as(request))})

    async def _view(self, request: Request) -> Response:
        return JSONResponse({"view": await run_in_threadpool(self._slack().view, self._as(request))})

    async def _look(self, _: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._world.look))

    async def _logins(self, _: Request) -> Response:
        return JSONResponse(self._world.logins())

    async def _journal(self, request: Request) -> Response:
        slack = self._slack()
        if request.query_params.get("since") == "end":
            return JSONResponse({"entries": [], "next": slack.core.journal.number})
        return await self._waited(request, slack.journal)

    async def _writes(self, request: Request) -> Response:
        if request.query_params.get("since") == "end":
            return JSONResponse({"entries": [], "next": len(self._world.switches.writes)})
        return await self._waited(request, self._world.writes)

    async def _waited(self, request: Request, look: Callable[[int, float], list[Body]]) -> Response:
        """What comes after a number, once there is any; waits a little at a time, to see `close`."""
        after, wait = since(request)
        end = time.monotonic() + wait
        while True:
            left = max(end - time.monotonic(), 0.0)
            entries = await run_in_threadpool(look, after, min(left, A_LITTLE))
            if entries or left <= A_LITTLE or self._closing:
                return JSONResponse({"entries": entries, "next": entries[-1]["number"] if entries else after})

    async def _unknown(self, _: Request) -> Response:
        return JSONResponse({"calls": self._world.unknown_calls()})

    # Trouble

    async def _faults(self, _: Request) -> Response:
        switches = self._world.switches
        return JSONResponse({"faults": switches.all(), "calls": list(switches.known)})

    async def _fault(self, request: Request) -> Response:
        switches = self._world.switches
        try:
            name = Name(request.path_params["name"])
        except ValueError:
            known = ", ".join(one.value for one in Name)
            raise Wrong(404, f"there is no fault {request.path_params['name']}", f"use {known}") from None
        if request.method == "DELETE":
            await run_in_threadpool(switches.lift, name)
        elif request.method == "PUT":
            body = await body_of(request)
            try:
                await run_in_threadpool(switches.put, name, body)
            except BadFault as error:
                raise Wrong(400, str(error), "correct the body and send it again") from error
        return JSONResponse(switches.get(name))

    async def _bot_state(self, _: Request) -> Response:
        return JSONResponse(_state(self._world.bot))

    async def _bot(self, request: Request) -> Response:
        bot, deed = self._the_bot(), request.path_params["deed"]
        if deed == "kill":
            await run_in_threadpool(bot.kill)
        elif deed == "start":
            try:
                await run_in_threadpool(self._world.start_bot)
            except BotFailed as error:
                raise Wrong(409, str(error), "read bot.log in the state folder") from error
        else:
            raise Wrong(404, f"the bot cannot be told to {deed}", "use kill or start")
        return JSONResponse(_state(bot))

    # Who and what there is

    def _slack(self) -> SlackSimulator:
        if self._world.slack is None:
            raise Wrong(409, "Slack is not simulated here", "start the sandbox without --without slack")
        return self._world.slack

    def _the_bot(self) -> Bot:
        if self._world.bot is None:
            raise Wrong(409, "the bot is not the sandbox's child here", "start it without --without bot")
        return self._world.bot

    def _person(self, person: str) -> str:
        if person not in PEOPLE:
            raise Wrong(404, f"there is nobody called {person}", f"use one of {', '.join(PEOPLE)}")
        return person

    def _as(self, request: Request) -> str:
        return self._person(request.query_params.get("as", PEOPLE[0]))


def _state(bot: Bot | None) -> Body:
    if bot is None:
        return {"state": "absent", "pid": None}
    return {"state": bot.state, "pid": bot.pid}


async def _carried_out(act: Callable[[], Body], person: str) -> Body:
    try:
        return await run_in_threadpool(act)
    except CannotAct as error:
        look = f"look what {person} sees: GET /api/channels/NAME?as={person}, GET /api/view?as={person}"
        raise Wrong(409, str(error), look) from error
