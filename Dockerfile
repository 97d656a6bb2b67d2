# The bot, and the eksctl that it starts: no sandbox, no tests.

# eksctl is built from source, since its module pins all that it is made of by hash; a download would be one
# more thing to trust. It takes some minutes the first time and comes from the cache afterwards.
FROM golang:1.26.8 AS eksctl
ENV CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local
WORKDIR /source
COPY tools/eksctl/go.mod tools/eksctl/go.sum ./
# Without the last flag it calls itself a development version.
RUN go build -trimpath -o /eksctl -ldflags "-s -w -X github.com/weaveworks/eksctl/pkg/version.PreReleaseID=" \
      github.com/weaveworks/eksctl/cmd/eksctl

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /source
COPY constraints.txt ./
RUN python -m venv --without-pip /opt/workspace-bot && pip install --no-cache-dir --constraint constraints.txt setuptools
COPY pyproject.toml README.md LICENSE ./
COPY approvals approvals
COPY provisioner provisioner
COPY bot bot
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip --python /opt/workspace-bot/bin/python install --no-cache-dir --constraint constraints.txt /wheels/*.whl

FROM python:3.11.14-slim-bookworm
COPY --from=eksctl /eksctl /usr/local/bin/eksctl
# Nothing in a running container has to install anything. eksctl runs here, and setpriv, which is part of the
# base, can tie it to the bot: an image without one of them is not made.
RUN pip uninstall --yes --root-user-action ignore setuptools wheel pip \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/workspace-bot \
 && setpriv --pdeathsig KILL -- eksctl version
COPY --from=build /opt/workspace-bot /opt/workspace-bot
ENV PATH=/opt/workspace-bot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    WORKSPACE_BOT_STATE=/var/lib/workspace-bot
WORKDIR /var/lib/workspace-bot
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
ENTRYPOINT ["workspace-bot"]
CMD ["serve"]
