"""As much of EKS and EC2 as a look at node groups needs, in a state that the test sets."""

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.serving.loopback import Loopback

SUBNETS = {"subnet-a": "ap-northeast-2a", "subnet-c": "ap-northeast-2c"}


class SmallAws:
    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.broken = False
        self.slow = 0.0  # seconds before each answer
        self.asked = 0
        self._server = Loopback(self, "small aws")

    def start(self) -> str:
        return self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def add(self, name: str, desired: int, status: str = "ACTIVE", **labels: str) -> None:
        self.groups[name] = {
            "nodegroupName": name,
            "status": status,
            "scalingConfig": {"minSize": 0, "maxSize": 5, "desiredSize": desired},
            "instanceTypes": ["m5.xlarge"],
            "subnets": list(SUBNETS),
            "labels": labels,
        }

    def change(self, name: str, *, desired: int | None = None, status: str | None = None) -> None:
        group = self.groups[name]
        group["scalingConfig"]["desiredSize"] = (
            group["scalingConfig"]["desiredSize"] if desired is None else desired
        )
        group["status"] = status or group["status"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        await request.body()
        await asyncio.sleep(self.slow)
        self.asked += 1
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if self.broken:
            return JSONResponse({"message": "not now"}, status_code=500)
        if request.method == "POST":
            return _subnets()
        name = request.url.path.partition("/node-groups/")[2]
        if not name:
            return JSONResponse({"nodegroups": list(self.groups)})
        if name not in self.groups:
            headers = {"x-amzn-errortype": "ResourceNotFoundException"}
            return JSONResponse({"message": "gone"}, status_code=404, headers=headers)
        return Response(json.dumps({"nodegroup": self.groups[name]}), media_type="application/json")


def _subnets() -> Response:
    items = "".join(
        f"<item><subnetId>{subnet}</subnetId><availabilityZone>{zone}</availabilityZone></item>"
        for subnet, zone in SUBNETS.items()
    )
    text = (
        '<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<subnetSet>{items}</subnetSet></DescribeSubnetsResponse>"
    )
    return Response(text, media_type="text/xml")
