"""What each service says when it is busy or forbids a call: codes and words are AWS's own."""

from .calls import Call
from .wire import Refused

_USER = "workspace-bot"

ACTIONS = {
    "s3.CompleteMultipartUpload": "s3:PutObject",
    "s3.CreateMultipartUpload": "s3:PutObject",
    "s3.DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3.DeleteBucketTagging": "s3:PutBucketTagging",
    "s3.DeleteObjects": "s3:DeleteObject",
    "s3.DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3.GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3.GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3.HeadBucket": "s3:ListBucket",
    "s3.HeadObject": "s3:GetObject",
    "s3.ListBuckets": "s3:ListAllMyBuckets",
    "s3.ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3.ListObjectVersions": "s3:ListBucketVersions",
    "s3.ListObjects": "s3:ListBucket",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3.ListParts": "s3:ListMultipartUploadParts",
    "s3.PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3.PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3.UploadPart": "s3:PutObject",
}
"""Where the right has another name than the call, as AWS's table of S3's actions has it."""


def throttled(call: Call) -> Refused:
    match call.service:
        case "s3":
            return Refused(503, "SlowDown", "Please reduce your request rate.")
        case "ec2":
            return Refused(503, "RequestLimitExceeded", "Request limit exceeded.")
        case "eks":
            return Refused(429, "ThrottlingException", "Rate exceeded")
        case _:
            return Refused(400, "Throttling", "Rate exceeded")


def denied(call: Call, *, account: str, region: str) -> Refused:
    action = ACTIONS.get(call.name, f"{call.service}:{call.operation}")
    resource = _resource(call, account, region)
    text = (
        f"User: arn:aws:iam::{account}:user/{_USER} is not authorized to perform: {action}"
        f"{f' on resource: {resource}' if resource else ''}"
        f" because no identity-based policy allows the {action} action"
    )
    match call.service:
        case "ec2":
            text = f"You are not authorized to perform this operation. {text}"
            return Refused(403, "UnauthorizedOperation", text)
        case "eks":
            return Refused(403, "AccessDeniedException", text)
        case _:
            return Refused(403, "AccessDenied", text)


def _resource(call: Call, account: str, region: str) -> str:
    name = call.resource
    match call.service:
        case "s3":
            return f'"arn:aws:s3:::{name}"'
        case "iam" if "Role" in call.operation:
            return f"role {name}"
        case "iam" if "Polic" in call.operation and name:
            return f"policy arn:aws:iam::{account}:policy/{name}"
        case "cloudformation" if name:
            return f"arn:aws:cloudformation:{region}:{account}:stack/{name}/*"
        case "autoscaling" if name:
            group = f"autoScalingGroup:*:autoScalingGroupName/{name}"
            return f"arn:aws:autoscaling:{region}:{account}:{group}"
        case "eks" if name:
            kind = "nodegroup" if "/" in name else "cluster"
            return f"arn:aws:eks:{region}:{account}:{kind}/{name}{'/*' if kind == 'nodegroup' else ''}"
        case _:
            return ""
