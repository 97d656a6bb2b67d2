"""What stays when a workspace is gone, because the bot does not remove it, and what people can do about it.

Said with every finished deletion: silence would look as if nothing were left.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.render_context import RenderContext
from provisioner.engine.run import Run
from provisioner.message import Message, Ref, RefKind, named
from provisioner.workspace import Workspace


def leftovers(run: Run, frame: RenderContext) -> Iterator[Message]:
    ws = Workspace(run.asked, frame.platform)
    yield Message(
        "Pipeline run and experiment records of {namespace} stay in the Kubeflow Pipelines databases"
        " (MySQL: {first}, {second}). Delete them there if required.",
        namespace=named(ws.namespace),
        first=named("mlpipeline"),
        second=named("metadb"),
    )
    yield Message(
        "Pipeline artifacts stay in the shared S3 bucket of Kubeflow Pipelines. Delete those of {namespace}"
        " there.",
        namespace=named(ws.namespace),
    )
    yield Message(
        "ECR repositories with {path} in their names stay. Delete them in ECR when the images are no longer"
        " needed.",
        path=named(f"/{ws.project}/ai-solutions/"),
    )
    yield Message(
        "Kubeflow sessions of {login} stay valid until they expire, but can't open anything. To end them"
        " now, delete them in the session store ({service}).",
        login=named(ws.login_email),
        service=named("oidc-authservice"),
    )
    if frame.links.grafana and ws.dashboard != ws.made_dashboard:
        yield Message(
            "Grafana dashboard {dashboard} was provided with the request, so it stays. Delete it in Grafana"
            " if it's no longer needed.",
            dashboard=dashboard_link(ws, frame),
        )


def dashboard_link(ws: Workspace, frame: RenderContext) -> Ref:
    """The dashboard of a workspace, by its uid."""
    return Ref(RefKind.LINK, f"{frame.links.grafana}/d/{ws.dashboard}", ws.dashboard)
