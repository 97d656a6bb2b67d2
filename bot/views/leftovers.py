"""What stays when a workspace is gone, because the bot does not remove it, and what people can do about it.

Said with every finished deletion: silence would look as if nothing were left.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.phrases import name
from bot.views.request_view import RenderContext
from provisioner.engine.run import Run
from provisioner.message import Message, Ref, RefKind
from provisioner.workspace import Workspace


def leftovers(run: Run, frame: RenderContext) -> Iterator[Message]:
    ws = Workspace(run.asked, frame.platform)
    yield Message(
        "Records of pipeline runs and experiments of {namespace} stay in the databases of Kubeflow Pipelines"
        " (MySQL: {first}, {second}). Delete them there if they must go.",
        namespace=name(ws.namespace),
        first=name("mlpipeline"),
        second=name("metadb"),
    )
    yield Message(
        "Artefacts of pipelines stay in the shared bucket of Kubeflow Pipelines. Delete those of"
        " {namespace} there.",
        namespace=name(ws.namespace),
    )
    yield Message(
        "ECR repositories with {path} in their names stay. Delete them in ECR once nobody needs the images.",
        path=name(f"/{ws.project}/ai-solutions/"),
    )
    yield Message(
        "Sessions that are open in Kubeflow as {login} stay valid until they expire, but there is nothing"
        " left for them to open. To end them at once, delete them where the login keeps them ({service}).",
        login=name(ws.login_email),
        service=name("oidc-authservice"),
    )
    if frame.links.grafana and ws.dashboard != ws.made_dashboard:
        yield Message(
            "The dashboard {dashboard} was given, not made by me, so it stays. Delete it in Grafana if nobody"
            " needs it.",
            dashboard=dashboard_link(ws, frame),
        )


def dashboard_link(ws: Workspace, frame: RenderContext) -> Ref:
    """The dashboard of a workspace, by its uid."""
    return Ref(RefKind.LINK, f"{frame.links.grafana}/d/{ws.dashboard}", ws.dashboard)
