"""Experiments: the only room where the others meet."""

from .audit import AuditResult as AuditResult
from .audit import audit as audit
from .spec import AuditSpec as AuditSpec
from .spec import DataSpec as DataSpec
from .spec import NetworkSpec as NetworkSpec

__all__ = ["AuditResult", "AuditSpec", "DataSpec", "NetworkSpec", "audit"]
