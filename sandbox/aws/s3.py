"""What ministack's S3 lacks, and S3's own errors."""

from collections.abc import Mapping
from xml.etree import ElementTree as ET

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_ACCESS = "x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"

SERVED = frozenset(
    {
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateBucket",
        "CreateMultipartUpload",
        "DeleteBucket",
        "DeleteBucketEncryption",
        "DeleteBucketPolicy",
        "DeleteBucketTagging",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjects",
        "DeletePublicAccessBlock",
        "GetBucketEncryption",
        "GetBucketLocation",
        "GetBucketPolicy",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetObject",
        "GetObjectTagging",
        "GetPublicAccessBlock",
        "HeadBucket",
        "HeadObject",
        "ListBuckets",
        "ListMultipartUploads",
        "ListObjectVersions",
        "ListObjects",
        "ListObjectsV2",
        "ListParts",
        "PutBucketEncryption",
        "PutBucketPolicy",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutObject",
        "PutObjectTagging",
        "PutPublicAccessBlock",
        "UploadPart",
        "UploadPartCopy",
    }
)
"""What was seen to do what it says. ministack takes many others for one of these by their method alone:
DeleteBucketMetricsConfiguration for DeleteBucket.
"""

VERSIONS_LEFT = "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
NOT_EMPTY = "The bucket you tried to delete is not empty"
TAKEN = (
    "The requested bucket name is not available. The bucket namespace is shared by all users of"
    " the system. Please select a different name and try again."
)


def signed(region: str, service: str = "s3") -> dict[str, str]:
    """The header of our own calls: ministack finds service and region by it and checks no signature."""
    scope = f"AKIASANDBOX/20261123/{region}/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}"}


def tags_of(create_bucket: bytes) -> dict[str, str]:
    """The tags inside a CreateBucket body (`CreateBucketConfiguration/Tags`, S3's API since 2025)."""
    if not create_bucket:
        return {}
    # A body that is not XML is ministack's to refuse.
    try:
        root = ET.fromstring(create_bucket)  # noqa: S314  from our own loopback
    except ET.ParseError:
        return {}
    found = {}
    for tag in root.findall(f"{{{_NAMESPACE}}}Tags/{{{_NAMESPACE}}}Tag"):
        key = tag.findtext(f"{{{_NAMESPACE}}}Key") or ""
        found[key] = tag.findtext(f"{{{_NAMESPACE}}}Value") or ""
    return found


def location(region: str) -> bytes:
    """The body of CreateBucket."""
    root = ET.Element("CreateBucketConfiguration", xmlns=_NAMESPACE)
    ET.SubElement(root, "LocationConstraint").text = region
    return ET.tostring(root)


def tagging(tags: Mapping[str, str]) -> bytes:
    """The body of PutBucketTagging."""
    root = ET.Element("Tagging", xmlns=_NAMESPACE)
    tag_set = ET.SubElement(root, "TagSet")
    for key, value in tags.items():
        tag = ET.SubElement(tag_set, "Tag")
        ET.SubElement(tag, "Key").text = key
        ET.SubElement(tag, "Value").text = value
    return ET.tostring(root)


def wrong_owner(headers: Mapping[str, str], account: str) -> bool:
    """Whether the caller expects the bucket to be somebody else's; S3 then answers 403."""
    return any(headers.get(name, account) != account for name in _ACCESS)


def error(code: str, message: str, *, request_id: str, resource: str = "") -> bytes:
    root = ET.Element("Error")
    for name, text in (
        ("Code", code),
        ("Message", message),
        ("Resource", resource),
        ("RequestId", request_id),
    ):
        if text:
            ET.SubElement(root, name).text = text
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root)


def texts(document: bytes, *names: str) -> list[tuple[str, ...]]:
    """For each element that has all these children, their texts; S3's lists are made of such."""
    root = ET.fromstring(document)  # noqa: S314  from our own loopback
    found = []
    for element in root.iter():
        values = [element.findtext(f"{{{_NAMESPACE}}}{name}") for name in names]
        if all(value is not None for value in values):
            found.append(tuple(value or "" for value in values))
    return found
