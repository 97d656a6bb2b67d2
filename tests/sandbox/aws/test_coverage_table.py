"""The table in the documents says what is served."""

from pathlib import Path

from sandbox.aws import AwsSimulator

DOCUMENT = Path(__file__).parents[3] / "docs" / "aws-simulator.md"
MINISTACKS = ("sts", "iam")


def rows() -> dict[str, str]:
    text = DOCUMENT.read_text().partition("## What it serves")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")][2:]
    return {service.strip(): operations.strip() for service, operations in lines}


def test_the_documented_table_is_what_is_served(aws: AwsSimulator) -> None:
    served: dict[str, list[str]] = {}
    for call in aws.calls.known:
        service, _, operation = call.partition(".")
        served.setdefault(service, []).append(operation)

    documented = rows()
    assert documented.pop("sts, iam") == "those that ministack knows"
    assert documented == {
        service: ", ".join(sorted(operations))
        for service, operations in served.items()
        if service not in MINISTACKS
    }
