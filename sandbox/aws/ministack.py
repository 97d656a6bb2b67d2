"""ministack, the emulator underneath, as a child process."""

import sys
import time
from pathlib import Path

import httpx

from sandbox.serving.child import Child, Nursery
from sandbox.serving.loopback import HOST, free_port

_START_WITHIN = 15.0


class DidNotStart(Exception):
    pass


def start_ministack(nursery: Nursery, folder: Path, *, account: str, region: str) -> tuple[Child, str]:
    """The child and its URL, answering. Raises `DidNotStart`. What it holds is kept in `folder` on SIGTERM.

    Without IOT_MTLS_ENABLED=0 it also listens on all addresses, port 8883.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    env = {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "objects"),
        "LOG_LEVEL": "WARNING",
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
    argv = [sys.executable, "-m", "ministack"]
    child = Child(nursery, argv, env=env, log=folder / "ministack.log", cwd=folder)
    url = f"http://{HOST}:{port}"
    until = time.monotonic() + _START_WITHIN
    with httpx.Client(base_url=url, trust_env=False, timeout=1) as client:
        while time.monotonic() < until and not child.wait(0.03):
            try:
                if client.get("/_ministack/health").is_success:
                    return child, url
            except httpx.TransportError:
                continue  # not listening yet
    child.kill()
    raise DidNotStart(f"ministack did not start; its last words:\n{child.tail()}")
