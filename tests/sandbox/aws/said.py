"""A refusal as boto3 hands it over."""

import pytest
from botocore.exceptions import ClientError


def said(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str, str]:
    """Status, code, words."""
    answer = error.value.response
    return (
        answer["ResponseMetadata"]["HTTPStatusCode"],
        answer["Error"].get("Code", ""),
        answer["Error"].get("Message", ""),
    )
