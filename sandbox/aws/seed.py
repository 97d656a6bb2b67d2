"""What is in the account before anybody asks for a workspace."""

from typing import Any

from .behind import Behind
from .site import Site

_USE = ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
_LOOK: dict[str, Any] = {
    "Sid": "LookAround",
    "Effect": "Allow",
    "Action": ["s3:ListAllMyBuckets", "s3:GetBucketLocation"],
    "Resource": "*",
}
_ONLY_TLS: dict[str, Any] = {
    "Sid": "OnlyTls",
    "Effect": "Deny",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def seed(behind: Behind, site: Site) -> None:
    """The shared bucket and the two policies, each unless it is there from an earlier start."""
    if site.shared_bucket not in [bucket.name for bucket in behind.buckets()]:
        behind.create_bucket(site.shared_bucket)
    there = {policy.name for policy in behind.policies()}
    for name, versions in zip(site.policies, (_of_kubeflow(site), _of_aia(site)), strict=True):
        if name not in there:
            arn = behind.create_policy(name, versions[0])
            for document in versions[1:]:
                behind.add_version(arn, document)


def _of_kubeflow(site: Site) -> list[dict[str, Any]]:
    """The statement that grants the buckets comes second: who edits the first one breaks the other."""
    bucket = f"arn:aws:s3:::{site.shared_bucket}"
    return [
        _document(_grant(bucket)),
        _document(_grant(bucket, f"{bucket}/*")),
        _document(_grant(bucket, f"{bucket}/*"), _LOOK),
        _document(_LOOK, _grant(bucket, f"{bucket}/*")),
    ]


def _of_aia(site: Site) -> list[dict[str, Any]]:
    bucket = f"arn:aws:s3:::{site.shared_bucket}"
    return [
        _document(_grant(bucket)),
        _document(_grant(bucket), _ONLY_TLS),
        _document(_grant(f"{bucket}/*"), _ONLY_TLS),
        _document(_grant(bucket, f"{bucket}/*"), _ONLY_TLS),
    ]


def _grant(*resources: str) -> dict[str, Any]:
    return {"Sid": "Buckets", "Effect": "Allow", "Action": _USE, "Resource": list(resources)}


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}
