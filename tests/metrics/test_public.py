from feint import metrics


def test_the_public_names() -> None:
    assert metrics.__all__ == [
        "Interval",
        "PrecisionRecall",
        "Reliability",
        "RiskCoverage",
        "Roc",
        "augrc",
        "aupr",
        "aurc",
        "auroc",
        "best_aurc",
        "best_risk_coverage",
        "bootstrap",
        "brier",
        "brier_terms",
        "coverage_at_risk",
        "e_aurc",
        "ece",
        "fpr_at_tpr",
        "kendall_tau",
        "ks_error",
        "nll",
        "precision_recall",
        "reliability",
        "risk_coverage",
        "roc",
        "selective_risk",
        "spearman",
        "worst_aurc",
        "worst_risk_coverage",
    ]
    assert all(hasattr(metrics, name) for name in metrics.__all__)
