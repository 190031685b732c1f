"""How to read what reports show: the grey text under the head of a section, by experiment and head."""

from collections.abc import Mapping
from typing import Final

_DETECTION: Final = {
    "In numbers": "One row per victim, attack and detector. Intervals are 95 %, from resampled images. Below 0.5 an "
    "AUROC says that the detector finds attacked inputs less suspicious than clean and noisy ones.",
    "ROC curves": "For every threshold the share of attacked inputs that are found, against the share of innocent "
    "ones flagged along with them. On the diagonal a detector knows nothing.",
    "Precision-recall curves": "For every threshold the share of truly attacked inputs among those flagged, against "
    "the share found.",
}
_OUT_DOMAIN: Final = {
    "The table": "Foreign images, as they come and moved to be accepted. H is the mean entropy in nats, R the share "
    "rejected at a confidence of 0.9; in domain: R of the untouched in-domain images, without which a high R says "
    "nothing. R at 5 % is at the threshold that rejects 5 % of these. Beside H and R what the paper prints.",
    "The other direction": "In-domain images, as they come and moved to be rejected. AUROC is against the untouched "
    "foreign images.",
    "DUQ in three ways": "How confident DUQ is, by its largest kernel, by that over the sum of all, and by the softmax "
    "of their logarithms.",
    "The victims": "Accuracy is on all test images, with --quick on 2,000 of them.",
}
READ: Final[Mapping[str, Mapping[str, str]]] = {
    "ood": {
        "Foreign images": "H is the mean entropy of the prediction, in nats. R is the reject rate: the share of images "
        "whose confidence is at most 90 %. R at 5 % is the share rejected at the threshold that rejects 5 % of the "
        "clean in-domain images, which is what a deployed classifier has. AUROC, AUPR and FPR95 tell foreign images "
        "from in-domain ones. Good: high H and R, also under the attack, which moves foreign images to be accepted.",
        "In-domain images": "In-domain images, as they come and moved to be rejected, which takes the classifier out "
        "of service for them. Good: low H and R, also under the attack. AUROC is against the untouched foreign images.",
        "DUQ in three ways": "How confident DUQ is can be said in three ways: by its largest kernel, by its largest "
        "kernel over the sum of all, and by the softmax of the logarithms of its kernels, which is the same but where "
        "all kernels round to 0.",
        "Judged by the others": "What was found for one classifier, judged by all: AUROC by each judge's own measure. "
        "Below 0.5 a judge takes foreign images for the safer ones.",
        "Reject rates": "The share of foreign images that are rejected, by the confidence that is asked for. Good: to "
        "the upper left.",
        "Told apart?": "For every threshold the share of foreign images that are flagged, against the share of "
        "in-domain ones.",
        "Where the confidence went": "How confident the classifier is in images of its domain, in foreign ones, and in "
        "these under the attack.",
        "By every measure": "Each measure as the one that flags.",
        "What the attack looks like": "The foreign images whose confidence rose most. Left the image, right the same "
        "after the attack, between them what was added, magnified as stated around mid-grey.",
    },
    "out-domain-mnist": _OUT_DOMAIN,
    "out-domain-cifar": _OUT_DOMAIN,
    "audit": {
        "Does confidence tell right from wrong?": "Let the classifier answer only the images it is surest of, and "
        "count how many of those answers are wrong. A curve that stays low until the far right is a confidence to "
        "rely on; one that starts high gives wrong answers exactly where the classifier is surest. The shaded area is "
        "everything possible at this accuracy.",
        "In numbers": "One row for the images as they are, one per radius of the attack, and one per radius of random "
        "signs: as large a change that nothing guides, so that what the attack does beyond it is its own. Accuracy "
        "counts correct labels; AURC, E-AURC and AUGRC judge how confidence ranks them; NLL, Brier and ECE judge the "
        "probabilities. The glossary at the foot defines each.",
        "Where the confidence went": "How confident the classifier is in its correct predictions (up) and in its "
        "wrong ones (down), each kind in percent of its own. Good: blue to the right, orange to the left. The attack "
        "moves them past each other.",
        "Can a confidence be taken at its word?": "Images sorted into 15 bins by confidence; the height of a bar is "
        "the share of them that is correct. On the dashed line a confidence of 80 % is right in 80 % of cases; below "
        "it the classifier promises too much, above it too little. The grey bars count the images in each bin: a bar "
        "above few images says little.",
        "How far the attack went": "First, how much of the clean order from most to least certain is left: 1 all of "
        "it, 0 nothing, −1 turned around. Last, how much of its radius the attack did not use, because a longer step "
        "would have changed the prediction or gained nothing: a small share says that a larger radius may do more "
        "damage still.",
        "What the attack looks like": "The images whose confidence moved most. Left the image, right the same after "
        "the attack, between them what was added, magnified as stated around mid-grey: without that it would be one "
        "flat grey.",
        "Saved as a picture": "A picture file stores whole grey levels, so a change of less than half a level is "
        "rounded away. The grey bars show what is left of the attack after that: as high as the attacked one, it "
        "survives; as low as the clean one, it is gone. Rounding can also take a change of half a level to a whole "
        "one, beyond the radius: what is worse after it than before is an attack of the radius that it then has, the "
        "largest change.",
        "Class by class": "How sure the classifier is of the images of each true class, before and after the attack.",
    },
    "attack": {
        "In numbers": "Success counts the labels that the attack changed (or brought to its target), of the images "
        "tried. A stochastic victim is judged by fresh draws, which the attack has not seen. 8 bits: what still "
        "succeeds after rounding to whole grey levels. Distances are means over the attacks that succeed.",
        "What it looks like": "The first images: left as they are, right attacked, between them what was added, "
        "magnified as stated around mid-grey.",
    },
    "detect": _DETECTION,
    "span": {
        "A confidence is an interval": "Every image is one vertical line: from the lowest to the highest confidence "
        "that an attacker can give it without changing its predicted class; the dot is its confidence as it came. "
        "Above the dashed threshold an image is answered, below it is passed on: a line that crosses it can be put on "
        "either side.",
        "In numbers": "All predictions, then the correct and the wrong ones by themselves. Widths are in percentage "
        "points.",
    },
    "per-class": {
        "Is it a line?": "The least-squares line of confidence over mean softmax; each class is a point. Where a "
        "parabola reaches a much higher R², the relation is no line.",
    },
    "latent": {
        "The plane": "The autoencoder has learnt to write every image as a point of a plane, and to paint an image "
        "for every point. First where the images lie, then what is painted at each place.",
        "What the victims make of it": "The darker, the more uncertain. Marks are the images, in the colours of their "
        "classes.",
        "How much of the plane looks familiar": "The share of points where the victim is as confident as with {usual} "
        "of the images. Far from all data it should be 0; near them it need not be 100, for between two classes doubt "
        "is right.",
        "Confident far away from all data": "Coloured: points further from any image than images are from each other, "
        "which the victim finds as familiar as {usual} of real images. Letters are the images below.",
        "Confident rubbish": "Decoded points far from all data that the victim is confident about by entropy and, "
        "where it has any, by mutual information: always the one furthest from all images and from those shown before "
        "it.",
    },
    "interpolate": {
        "Half-way": "Both kinds of blend stand between two classes, but a latent blend is an image that the decoder "
        "might well have seen, and a pixel blend is two images on top of each other. A measure that tells them apart "
        "has its histograms apart.",
        "Which measure tells pixel blends from latent blends?": "Each pair gives one blend of each kind; intervals "
        "are from pairs drawn with replacement. The last row of a victim is how much better mutual information does "
        "than entropy.",
        "Along the way": "The pictures show one pair blended step by step; the curves are medians and quartiles over "
        "many pairs.",
    },
    "spread": {
        "Two approximations against the real thing": "One point per image and approximation, both axes logarithmic. "
        "On the dashed line an approximation is exact.",
        "By the size of the mutual information": "The approximation over the mutual information: 1 where it is exact.",
        "Do they rank images alike?": "Rank correlation with mutual information: a detector only needs the order.",
        "As the spread shrinks": "Little mutual information does not mean draws that lie close together: they may all "
        "be sure, some a hundred times surer than others. So here the draws of every image are moved towards their "
        "mean.",
    },
    "smith-gal-table-1": {
        **_DETECTION,
        "The table": "Table 1 of Smith & Gal 2018 beside our own: as corrected, and as released, with the noise "
        "images, bounds and measures of the authors' script.",
        "Means": "By kind of input: which way each attack, each kind of noise and the released bounds move every "
        "measure, in nats.",
    },
}
