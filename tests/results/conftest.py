import numpy as np
import pytest
from feint.results import AuditReport, ClassScore, Confidences, GalleryItem, RiskCurve, Rounding, Score
from feint.results.audit import Answered, Calibration, Threshold


@pytest.fixture(scope="session")
def audit_report():
    """An audit of 200 made-up images at two radii, with text that would break a careless page."""
    generator = np.random.default_rng(0)
    size, radii = 200, (5e-4, 5e-3)
    correct = generator.random(size) < 0.9
    clean = np.where(correct, 0.95, 0.6) + 0.04 * generator.random(size)
    coverage = np.arange(1, size + 1) / size

    def curve(radius, confidence):
        return RiskCurve(radius, coverage, np.cumsum(~correct[np.argsort(-confidence)]) / np.arange(1, size + 1))

    confidences = {None: clean, radii[0]: 0.5 * clean + 0.3, radii[1]: 1.4 - clean}
    curves = tuple(curve(radius, confidence) for radius, confidence in confidences.items())
    scores = [Score(None, float(curves[0].risk.mean()), 0.001, 0.004, 0.25, 0.1, 0.03, 0.9)]
    for found in curves[1:]:
        rows = (
            float(found.risk.mean()),
            0.02,
            0.03,
            0.3,
            0.2,
            0.05,
            0.9,
            1.0,
            0.8 * found.radius,
            1.0,
            2.5,
            0.04,
            -0.25,
        )
        scores.append(Score(found.radius, *rows))
    original = generator.random((12, 12, 3)).astype(np.float32)
    gallery = (
        GalleryItem("image <7>", original, original + np.float32(5e-3), 5e-3, "cat", "dog & co", 0.6, 0.99999, False),
        GalleryItem("grey", original[..., 0], original[..., 0], 5e-3, "cat", "cat", 0.9, 0.9, True),
        GalleryItem(
            "bytes", np.zeros((300, 200, 1), np.uint8), np.ones((300, 200, 1), np.uint8), 0.01, "a", "a", 1.0, 0.0, True
        ),
    )
    empty = np.array([np.nan, 0.6, 0.9])
    calibrations = tuple(
        Calibration(radius, np.linspace(0, 1, 4), np.array([0, 30, 170]), empty, empty - 0.1, 0.05, 0.04)
        for radius in confidences
    )
    answered = tuple(Answered(radius, 0.5, 0.3) for radius in radii)
    nothing = Answered(radii[0], 0.0, None)
    thresholds = (
        Threshold("coverage", 0.9, "confidence ≥ <90> %", Answered(None, 0.905, 0.02), answered),
        Threshold("risk", 0.01, "confidence ≥ 99 %", Answered(None, 0.4, 0.01), (nothing, answered[1])),
    )
    return AuditReport(
        title="feint audit <script>alert(1)</script>",
        headline='AURC from 5 to "many" & more',
        command="feint audit --data 'a<b'",
        facts={"data": "<i>digits</i>", "seed": "0"},
        scores=tuple(scores),
        curves=curves,
        best=curve(None, correct.astype(float)),
        worst=curve(None, (~correct).astype(float)),
        confidences=tuple(Confidences(radius, found, correct) for radius, found in confidences.items()),
        gallery=gallery,
        rounding=tuple(
            Rounding(radius, 1.0, 0.2, 0.1, share, 0.4) for radius, share in zip(radii, (None, 0.5), strict=True)
        ),
        classes=(ClassScore("</table><b>x", 200, 0.9, 0.95, 0.4),),
        classes_radius=5e-3,
        calibrations=calibrations,
        thresholds=thresholds,
        notes=("a note with <em>tags</em>",),
        skipped=("<img src=x>.png: no image",),
    )
