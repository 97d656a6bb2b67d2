"""Print a constraints file from pip's installation report: python tools/pin.py REPORT."""

import json
import sys
from pathlib import Path

HEADER = """\
# Every library, exactly, as resolved for all extras. Made by `make constraints`; do not edit by hand.
# ministack 1.5.33 pins its botocore, hence boto3: a newer boto3 silently brings an old ministack.
"""
OURS = "workspace-bot"


def pins(report: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    found = [each["metadata"] for each in report["install"] if each["metadata"]["name"] != OURS]
    return sorted((f"{each['name']}=={each['version']}" for each in found), key=str.lower)


if __name__ == "__main__":
    print(HEADER + "\n".join(pins(json.loads(Path(sys.argv[1]).read_text()))))
