"""Simulated AWS: ministack as a child process, behind a front that owns faults and what ministack lacks."""

from .behind import Bucket, Policy
from .front import Write
from .ministack import DidNotStart
from .simulator import AwsSimulator

__all__ = ["AwsSimulator", "Bucket", "DidNotStart", "Policy", "Write"]
