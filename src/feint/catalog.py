"""What there is, by name: dict literals, read without importing anything. The only list of what there is.

A value is ``module:Thing``; its settings are its own fields, its help the first line of its docstring.
"""

EXPERIMENTS: dict[str, str] = {
    "audit": "feint.experiments.audit:AUDIT",
    "attack": "feint.experiments.attack:ATTACK",
    "detect": "feint.experiments.detection:DETECT",
    "ood": "feint.experiments.out_domain:OOD",
    "span": "feint.experiments.span:SPAN",
    "per-class": "feint.experiments.per_class:PER_CLASS",
    "train": "feint.experiments.training:TRAINING",
    "latent": "feint.experiments.latent:LATENT",
    "interpolate": "feint.experiments.interpolation:INTERPOLATE",
    "spread": "feint.experiments.spread:SPREAD",
}

PAPERS: dict[str, str] = {
    "ace-softmax": "feint.experiments.papers.ace:SOFTMAX",
    "ace-ensemble": "feint.experiments.papers.ace:ENSEMBLE",
    "ace-mc-dropout": "feint.experiments.papers.ace:MC_DROPOUT",
    "ace-selectivenet": "feint.experiments.papers.ace:SELECTIVENET",
    "smith-gal-table-1": "feint.experiments.papers.smith_gal:SMITH_GAL",
    "out-domain-mnist": "feint.experiments.papers.out_domain:MNIST",
    "out-domain-cifar": "feint.experiments.papers.out_domain:CIFAR",
}
"""Experiments that lay out a table of a paper beside our figures: `feint reproduce NAME`."""

MEASURES: dict[str, str] = {
    "max_probability": "feint.measures:max_probability",
    "predictive_entropy": "feint.measures:predictive_entropy",
    "margin": "feint.measures:margin",
    "expected_entropy": "feint.measures:expected_entropy",
    "mutual_information": "feint.measures:mutual_information",
    "softmax_variance": "feint.measures:softmax_variance",
    "variation_ratio": "feint.measures:variation_ratio",
    "native": "feint.measures:native",
}

LABEL_MEASURES: dict[str, str] = {"label_doubt": "feint.measures:label_doubt"}
"""Measures of the uncertainty about a given label."""

METRICS: dict[str, str] = {
    "aurc": "feint.metrics:aurc",
    "e_aurc": "feint.metrics:e_aurc",
    "augrc": "feint.metrics:augrc",
    "best_aurc": "feint.metrics:best_aurc",
    "worst_aurc": "feint.metrics:worst_aurc",
    "risk_coverage": "feint.metrics:risk_coverage",
    "best_risk_coverage": "feint.metrics:best_risk_coverage",
    "worst_risk_coverage": "feint.metrics:worst_risk_coverage",
    "selective_risk": "feint.metrics:selective_risk",
    "coverage_at_risk": "feint.metrics:coverage_at_risk",
    "threshold_at_coverage": "feint.metrics:threshold_at_coverage",
    "threshold_at_risk": "feint.metrics:threshold_at_risk",
    "at_threshold": "feint.metrics:at_threshold",
    "nll": "feint.metrics:nll",
    "brier": "feint.metrics:brier",
    "brier_terms": "feint.metrics:brier_terms",
    "ece": "feint.metrics:ece",
    "reliability": "feint.metrics:reliability",
    "ks_error": "feint.metrics:ks_error",
    "roc": "feint.metrics:roc",
    "precision_recall": "feint.metrics:precision_recall",
    "auroc": "feint.metrics:auroc",
    "aupr": "feint.metrics:aupr",
    "fpr_at_tpr": "feint.metrics:fpr_at_tpr",
    "kendall_tau": "feint.metrics:kendall_tau",
    "spearman": "feint.metrics:spearman",
    "bootstrap": "feint.metrics:bootstrap",
}

ESTIMATORS: dict[str, str] = {
    "softmax": "feint.estimators:Softmax",
    "mc-dropout": "feint.estimators:MCDropout",
    "selective-net": "feint.estimators:SelectiveNet",
    "duq": "feint.estimators:DUQ",
    "sngp": "feint.estimators:SNGP",
    "due": "feint.estimators:DUE",
    "max-logit": "feint.estimators:MaxLogit",
    "energy": "feint.estimators:Energy",
    "mahalanobis": "feint.estimators:Mahalanobis",
    "knn": "feint.estimators:KNN",
}
"""How one network predicts; several of them are an ensemble."""

ATTACKS: dict[str, str] = {
    "ace": "feint.attacks:ACE",
    "iterative-ace": "feint.attacks:IterativeACE",
    "fgsm": "feint.attacks:FGSM",
    "bim": "feint.attacks:BIM",
    "pgd": "feint.attacks:PGD",
    "mim": "feint.attacks:MIM",
    "cw": "feint.attacks:CarliniWagner",
    "lbfgs": "feint.attacks:LBFGS",
    "iaa": "feint.attacks:IAA",
    "square": "feint.attacks:Square",
    "random-signs": "feint.attacks:RandomSigns",
}

SEARCHES: dict[str, str] = {
    "backtracking": "feint.attacks:Backtracking",
    "bisection": "feint.attacks:Bisection",
}
"""What is done where an attack's step breaks its condition; the first is the default."""

RUNNERS: dict[str, str] = {
    "local": "feint.runs.runners.runner:Local",
    "processes": "feint.runs.runners.processes:processes",
    "ray": "feint.runs.runners.cluster:on_ray",
}
"""Who computes a run's pieces."""

DEFENSES: dict[str, str] = {}
"""What stands before a network."""

ARCHITECTURES: dict[str, str] = {
    "digits": "feint.networks:DigitNetwork",
    "lenet": "feint.networks:LeNet",
    "cnn-dropout": "feint.networks:DropoutCNN",
    "mnist-cnn": "feint.networks:MnistCNN",
    "alexnet": "feint.networks:AlexNet",
    "cifar-resnet18": "feint.networks:CifarResNet18",
    "cifar-resnet20": "feint.networks:CifarResNet20",
    "cifar-vgg16": "feint.networks:CifarVGG16",
}
"""Networks that feint builds itself; they come untrained."""

AUTOENCODERS: dict[str, str] = {"vae": "feint.networks:VariationalAutoencoder"}
"""They are no architectures of classifiers: they return images."""

DATA: dict[str, str] = {
    "digits": "scikit-learn's 1,797 handwritten digits, 8x8; nothing to download",
    "FILE.npz": "arrays images (N, H, W[, C]), uint8 or float in [0, 1], and labels (N,)",
    "FILE.npz of columns": "arrays X (N, D), y (N, 1) and test_i: regression, standardised by the training rows",
    "idx file or folder": "MNIST's format and its family's, gzipped or not",
    "FILE.parquet": "Hugging Face's image layout, or a folder of such files by split",
    "class folders": "one folder of pictures per class",
    "folder with a CSV": "pictures, and a CSV with the columns file and label",
    "CIFAR-10 folder": "the published binary version",
    "STL-10 folder": "the published binary version",
    "SVHN folder": "the published cropped digits, train_32x32.mat and so on",
    "torchvision:NAME": "torchvision's data sets, downloaded and checked",
}
"""What data may be called; here the values are their help."""
