"""The figures that the ACE paper prints, as plain data: what stands beside ours.

Galil & El-Yaniv 2021, "Disrupting Deep Uncertainty Estimation Without Harming Accuracy" (NeurIPS 2021): tables 1
(section 5.1: softmax), 2 (section 5.2: deep ensembles), 3 (section 5.3: MC dropout) and 4 (section 5.4: SelectiveNet).
Tables 1 to 3 are black box on the ImageNet validation set; table 4 is white box on CIFAR-10, its uncertainty always the
selector's. In all of them the radius shrinks by half, at most 15 times.

Every row is in the order, and with the digits, of the print: AURC x 1000, NLL in nats, Brier summed over classes,
accuracy in per cent. Under MC dropout accuracies differ between radii, for labels are kept up to fresh draws.

The claims of its text stand below, in our words, to be answered one by one.
"""

from typing import Final, Literal, NamedTuple


class PaperRow(NamedTuple):
    """One row of a table; an attack of radius 0 is the clean network.

    Attributes:
        victim: the network, and for MC dropout its number of passes.
        setting: what the attack had: its proxies, or what of SelectiveNet it aimed at.
        epsilon: the largest radius, images in [0, 1].
        effective: the mean of the radii that were accepted.
        aurc: area under the risk-coverage curve, times 1000.
        nll: in nats.
        brier: summed over classes, in [0, 2].
        accuracy: in per cent.
        selective_risk: the error rate at the victim's own coverage, in [0, 1]; None where the table has none.
    """

    victim: str
    setting: str
    epsilon: float
    effective: float
    aurc: float
    nll: float
    brier: float
    accuracy: float
    selective_risk: float | None = None


TEN: Final = "ensemble of ten ResNet50"

PAPER_TABLE_1: Final = (
    PaperRow("ResNet50", TEN, 0.0, 0.0, 69.9, 0.963, 0.336, 76.01),
    PaperRow("ResNet50", TEN, 0.0005, 0.00046, 141.9, 1.308, 0.474, 76.01),
    PaperRow("ResNet50", TEN, 0.005, 0.003353, 436.9, 2.615, 0.652, 76.01),
    PaperRow("ResNet50", TEN, 0.05, 0.020622, 456.6, 2.494, 0.656, 76.01),
    PaperRow("EfficientNetB0", TEN, 0.0, 0.0, 69.1, 0.958, 0.322, 77.67),
    PaperRow("EfficientNetB0", TEN, 0.0005, 0.000495, 78.8, 1.0, 0.342, 77.67),
    PaperRow("EfficientNetB0", TEN, 0.005, 0.004459, 185.1, 1.334, 0.47, 77.67),
    PaperRow("EfficientNetB0", TEN, 0.05, 0.029023, 300.9, 1.775, 0.585, 77.67),
    PaperRow("MobileNetV2", TEN, 0.0, 0.0, 89.7, 1.147, 0.386, 71.85),
    PaperRow("MobileNetV2", TEN, 0.0005, 0.000493, 104.3, 1.217, 0.416, 71.85),
    PaperRow("MobileNetV2", TEN, 0.005, 0.004276, 236.9, 1.745, 0.578, 71.85),
    PaperRow("MobileNetV2", TEN, 0.05, 0.025108, 317.8, 2.148, 0.628, 71.85),
    PaperRow("DenseNet161", TEN, 0.0, 0.0, 66.8, 0.945, 0.326, 77.15),
    PaperRow("DenseNet161", TEN, 0.0005, 0.000493, 81.0, 1.022, 0.358, 77.15),
    PaperRow("DenseNet161", TEN, 0.005, 0.00427, 209.8, 1.577, 0.508, 77.15),
    PaperRow("DenseNet161", TEN, 0.05, 0.026584, 359.7, 2.1, 0.585, 77.15),
    PaperRow("VGG16", TEN, 0.0, 0.0, 80.5, 1.065, 0.366, 73.48),
    PaperRow("VGG16", TEN, 0.0005, 0.000493, 93.7, 1.135, 0.395, 73.48),
    PaperRow("VGG16", TEN, 0.005, 0.004296, 207.8, 1.634, 0.544, 73.48),
    PaperRow("VGG16", TEN, 0.05, 0.026088, 298.2, 1.985, 0.602, 73.48),
)
"""Softmax, black box. The proxies are said in the text before the table, for all of them."""

FIVE: Final = "ensemble of five ResNet50"
FOREIGN: Final = "foreign proxies (EfficientNet, MobileNetV2, VGG)"
MATCHING: Final = "ResNet50 proxies"

PAPER_TABLE_2: Final = (
    PaperRow(FIVE, FOREIGN, 0.0, 0.0, 63.8, 0.883, 0.317, 77.61),
    PaperRow(FIVE, FOREIGN, 0.0005, 0.00049, 74.6, 0.935, 0.342, 77.61),
    PaperRow(FIVE, FOREIGN, 0.005, 0.00432, 182.1, 1.356, 0.496, 77.61),
    PaperRow(FIVE, FOREIGN, 0.05, 0.02865, 290.8, 1.836, 0.594, 77.61),
    PaperRow(FIVE, MATCHING, 0.0, 0.0, 63.8, 0.883, 0.317, 77.61),
    PaperRow(FIVE, MATCHING, 0.0005, 0.00049, 82.7, 0.966, 0.357, 77.61),
    PaperRow(FIVE, MATCHING, 0.005, 0.00396, 279.1, 1.582, 0.563, 77.61),
    PaperRow(FIVE, MATCHING, 0.05, 0.02342, 381.0, 2.0, 0.633, 77.61),
)
"""A deep ensemble, black box."""

INDIRECT_PROXIES: Final = "ensemble proxy, softmax without dropout"

PAPER_TABLE_3: Final = (
    PaperRow("MobileNetV2, 30 passes", INDIRECT_PROXIES, 0.0, 0.0, 94.5, 1.143, 0.386, 71.79),
    PaperRow("MobileNetV2, 30 passes", INDIRECT_PROXIES, 0.0005, 0.00049, 104.4, 1.207, 0.413, 71.79),
    PaperRow("MobileNetV2, 30 passes", INDIRECT_PROXIES, 0.005, 0.00427, 212.6, 1.71, 0.575, 71.84),
    PaperRow("MobileNetV2, 30 passes", INDIRECT_PROXIES, 0.05, 0.02514, 275.2, 2.145, 0.634, 71.79),
    PaperRow("MobileNetV2, 10 passes", INDIRECT_PROXIES, 0.0, 0.0, 95.1, 1.148, 0.387, 71.58),
    PaperRow("MobileNetV2, 10 passes", INDIRECT_PROXIES, 0.0005, 0.00048, 104.9, 1.21, 0.413, 71.72),
    PaperRow("MobileNetV2, 10 passes", INDIRECT_PROXIES, 0.005, 0.00427, 213.2, 1.713, 0.573, 71.7),
    PaperRow("MobileNetV2, 10 passes", INDIRECT_PROXIES, 0.05, 0.02514, 275.3, 2.146, 0.631, 71.61),
    PaperRow("VGG16, 30 passes", INDIRECT_PROXIES, 0.0, 0.0, 86.1, 1.056, 0.366, 73.22),
    PaperRow("VGG16, 30 passes", INDIRECT_PROXIES, 0.0005, 0.00049, 95.0, 1.117, 0.392, 73.35),
    PaperRow("VGG16, 30 passes", INDIRECT_PROXIES, 0.005, 0.0043, 188.9, 1.573, 0.541, 73.34),
    PaperRow("VGG16, 30 passes", INDIRECT_PROXIES, 0.05, 0.02611, 261.1, 1.978, 0.613, 73.28),
    PaperRow("VGG16, 10 passes", INDIRECT_PROXIES, 0.0, 0.0, 86.5, 1.066, 0.368, 73.18),
    PaperRow("VGG16, 10 passes", INDIRECT_PROXIES, 0.0005, 0.00048, 95.9, 1.123, 0.392, 73.13),
    PaperRow("VGG16, 10 passes", INDIRECT_PROXIES, 0.005, 0.00429, 189.0, 1.578, 0.537, 73.08),
    PaperRow("VGG16, 10 passes", INDIRECT_PROXIES, 0.05, 0.02608, 261.5, 1.984, 0.609, 73.04),
)
"""MC dropout, its uncertainty the predictive entropy, black box. In the text at hand the passes stand beside VGG16
only; that MobileNetV2's two blocks are in the same order, 30 before 10, is concluded from that."""

RESNET18: Final = "SelectiveNet on ResNet18"
VGG16: Final = "SelectiveNet on VGG16"
DIRECT: Final = "direct (selector)"
INDIRECT: Final = "indirect (softmax)"

PAPER_TABLE_4: Final = (
    PaperRow(RESNET18, DIRECT, 0.0, 0.0, 5.04, 0.204, 0.083, 94.83, 0.0012),
    PaperRow(RESNET18, DIRECT, 0.00005, 0.00005, 5.56, 0.211, 0.085, 94.83, 0.0015),
    PaperRow(RESNET18, DIRECT, 0.0005, 0.00049, 12.16, 0.283, 0.102, 94.83, 0.0059),
    PaperRow(RESNET18, DIRECT, 0.005, 0.00377, 132.08, 0.547, 0.151, 94.83, 0.0747),
    PaperRow(RESNET18, INDIRECT, 0.0, 0.0, 5.04, 0.204, 0.083, 94.83, 0.0012),
    PaperRow(RESNET18, INDIRECT, 0.00005, 0.00005, 5.5, 0.215, 0.087, 94.83, 0.0015),
    PaperRow(RESNET18, INDIRECT, 0.0005, 0.00049, 11.69, 0.314, 0.114, 94.83, 0.0056),
    PaperRow(RESNET18, INDIRECT, 0.005, 0.00385, 150.07, 0.648, 0.162, 94.83, 0.0796),
    PaperRow(VGG16, DIRECT, 0.0, 0.0, 7.46, 0.259, 0.105, 93.54, 0.0067),
    PaperRow(VGG16, DIRECT, 0.00005, 0.00005, 7.87, 0.267, 0.107, 93.54, 0.0075),
    PaperRow(VGG16, DIRECT, 0.0005, 0.00049, 12.57, 0.34, 0.128, 93.54, 0.0163),
    PaperRow(VGG16, DIRECT, 0.005, 0.00402, 116.1, 0.703, 0.175, 93.54, 0.0772),
    PaperRow(VGG16, INDIRECT, 0.0, 0.0, 7.46, 0.259, 0.105, 93.54, 0.0067),
    PaperRow(VGG16, INDIRECT, 0.00005, 0.00005, 7.86, 0.268, 0.108, 93.54, 0.0075),
    PaperRow(VGG16, INDIRECT, 0.0005, 0.00049, 12.52, 0.35, 0.134, 93.54, 0.0163),
    PaperRow(VGG16, INDIRECT, 0.005, 0.00404, 122.46, 0.761, 0.181, 93.54, 0.0829),
)
"""SelectiveNet, trained for a coverage of 0.7, white box."""


class PaperClaim(NamedTuple):
    """What the paper says beside its tables.

    Attributes:
        name: a short key.
        section: where.
        basis: "measured", or "expected": said of what the paper did not run.
        claim: what, in our words.
    """

    name: str
    section: str
    basis: Literal["measured", "expected"]
    claim: str


PAPER_CLAIMS: Final = (
    PaperClaim("aurc", "5.1", "measured", "softmax, black box, 0.05: AURC 3.5 to 6.5 times as large"),
    PaperClaim("scores", "5.1", "measured", "softmax, black box, 0.05: NLL and Brier about doubled"),
    PaperClaim("radius-spent", "5.1", "measured", "of large radii about half is spent"),
    PaperClaim(
        "large-coverage",
        "5.1, 5.2",
        "measured",
        "at large coverage 0.005 does more harm than 0.05: VGG16 above a coverage of 0.6, the ensemble under ResNet50 "
        "proxies above 0.45",
    ),
    PaperClaim(
        "most-confident",
        "5.1, figure 6",
        "measured",
        "EfficientNetB0, white box, 0.005: nearly all of the 20 % most confident predictions are wrong",
    ),
    PaperClaim(
        "adversarial-training",
        "5.1, appendix B.2",
        "measured",
        "standard adversarial training gives no significant robustness",
    ),
    PaperClaim("matching-proxies", "5.2", "measured", "proxies like the victims do more harm than foreign ones"),
    PaperClaim("ensemble-white-box", "5.2, appendix C.1", "measured", "white box, 0.005: AURC about 8 times as large"),
    PaperClaim(
        "ensemble-size",
        "5.2, appendix C.1",
        "measured",
        "the larger an ensemble the more resilient, and the smallest more than one network, in both settings",
    ),
    PaperClaim(
        "dropout-direct",
        "5.3, appendix D.1",
        "measured",
        "MC dropout, white box: aiming at the predictive entropy does slightly more harm at small radii, aiming at the "
        "softmax without dropout much more at large ones, as much as on softmax itself",
    ),
    PaperClaim("dropout-passes", "5.3", "measured", "the number of passes makes no difference"),
    PaperClaim("dropout-resilience", "5.3", "measured", "black box: somewhat more resilient than softmax"),
    PaperClaim(
        "selective-indirect",
        "5.4",
        "measured",
        "SelectiveNet: aiming at the softmax does more harm than at the selector; VGG16 at 0.005: selective risk from "
        "0.67 to 8.29 % against 7.72 %",
    ),
    PaperClaim(
        "iteration",
        "6",
        "expected",
        "several steps are stronger, spend more of the radius and take the artefact at large coverage away",
    ),
    PaperClaim("finer-decay", "5", "expected", "shrinking the radius by less, with more tries, does more harm"),
)
