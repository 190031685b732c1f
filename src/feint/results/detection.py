"""What the report of a detection run shows, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy.typing as npt


@final
@dataclass(frozen=True, eq=False)
class DetectorCurve:
    """One measure as a detector of one attack: both curves, all shares in [0, 1].

    Attributes:
        measure: its name.
        auroc: area under the ROC curve.
        aupr: average precision.
        false_positive_rate: rising from 0 to 1.
        true_positive_rate: at the same thresholds.
        recall: rising to 1.
        precision: at the same thresholds.
    """

    measure: str
    auroc: float
    aupr: float
    false_positive_rate: npt.NDArray[Any]
    true_positive_rate: npt.NDArray[Any]
    recall: npt.NDArray[Any]
    precision: npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class DetectionPanel:
    """One attack on one victim.

    Attributes:
        victim: whom.
        attack: how, with its radius.
        subject: what the positives are.
        curves: one per detector.
    """

    victim: str
    attack: str
    subject: str
    curves: tuple[DetectorCurve, ...]


@final
@dataclass(frozen=True, eq=False)
class DetectionReport:
    """Everything on the page.

    Attributes:
        title: what was run.
        headline: the finding, in one sentence.
        command: the command line that made it.
        facts: name -> value.
        panels: by victim, then by attack.
        heads: of the table: title and unit.
        rows: of the table.
        skipped: images that could not be read, and why.
    """

    title: str
    headline: str
    command: str
    facts: Mapping[str, str]
    panels: tuple[DetectionPanel, ...]
    heads: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    skipped: tuple[str, ...] = ()
