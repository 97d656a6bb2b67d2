# The bot alone: no sandbox, no tests. eksctl is not in it yet.

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
# Nothing in a running container has to install anything.
RUN pip uninstall --yes --root-user-action ignore setuptools wheel pip \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/workspace-bot
COPY --from=build /opt/workspace-bot /opt/workspace-bot
ENV PATH=/opt/workspace-bot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WORKSPACE_BOT_STATE=/var/lib/workspace-bot
WORKDIR /var/lib/workspace-bot
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
ENTRYPOINT ["workspace-bot"]
CMD ["serve"]
