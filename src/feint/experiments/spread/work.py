"""Softmax variance against mutual information: two expansions, on real predictions."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, final

import numpy as np
import torch
from jaxtyping import Float
from pydantic import AfterValidator, Field
from torch import Tensor
from tqdm import tqdm

from feint import measures
from feint.data import Dataset
from feint.errors import SpecError
from feint.estimators import predict
from feint.experiments.label_attack import check_answers
from feint.experiments.run import Array, RunResult, begun, facts, head, kept
from feint.experiments.spec import DataSpec, RunSpec, VictimSpec, checked_victims
from feint.experiments.victim import Victim, load_data
from feint.measures.complement import complemented
from feint.metrics import bootstrap, kendall_tau, spearman
from feint.predictive import Categorical
from feint.results import RunFolder
from feint.results.latent import Spread, SpreadReport
from feint.results.spread_page import write_spread

DECADES: Final = (1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 10.0)
"""Bounds of mutual information between which the approximations are compared with it, in nats."""

FACTORS: Final = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Shares of their distance from the mean to which real draws are drawn together, to see the approximations' limits."""


@final
class SpreadSpec(RunSpec):
    """Which predictions are compared.

    Attributes:
        victims: with more than one draw each.
        data: the sets of images.
        resamples: of the intervals.
    """

    victims: Annotated[tuple[VictimSpec, ...], AfterValidator(checked_victims)]
    data: Annotated[tuple[DataSpec, ...], Field(min_length=1)]
    resamples: Annotated[int, Field(gt=0)] = 200


def sum_of_variances(categorical: Categorical) -> Float[Tensor, " N"]:
    """sum_c Var_s p_sc: what is left of mutual information where log p is expanded about p = 1.

    Returns:
        Shape ``(N,)``, from 0 to 1: C times the softmax variance. As the draws come together it tends to mutual
        information times a number that depends on the prediction (2 / C where that is uniform), not to it.

    Raises:
        NotApplicable: with a single draw.

    Reference: Smith & Gal 2018, section 3.2.
    """
    return categorical.log_probs.shape[-1] * measures.softmax_variance(categorical)


def small_spread_information(categorical: Categorical) -> Float[Tensor, " N"]:
    """1/2 sum_c Var_s p_sc / mean_s p_sc: what mutual information tends to as the draws come together.

    Mutual information is ``mean_s sum_c p_sc log(p_sc / m_c)`` with the mean m. With ``p = m (1 + e)``, where e has
    mean 0, a summand is ``m (e + e^2 / 2 - e^3 / 6 + ...)``: the ratio of the two tends to 1, linearly in the spread.

    Returns:
        Shape ``(N,)``, nats, 0 or more.

    Raises:
        NotApplicable: with a single draw.
    """
    measures.mutual_information(categorical[:0])  # refuses a single draw
    surplus = complemented(categorical.log_probs) - complemented(categorical.mean_log_probs)
    return (categorical.mean_log_probs.exp() * surplus.expm1().square()).sum(dim=-1).mean(dim=0) / 2


def drawn_together(categorical: Categorical, factor: float) -> Categorical:
    """The same mean, and draws at this share of their distance from it: ``m + factor (p_s - m)``.

    Args:
        categorical: with several draws.
        factor: in (0, 1].
    """
    mean = categorical.mean_log_probs
    return Categorical(mean + (factor * (categorical.log_probs - mean).expm1()).log1p())


APPROXIMATIONS: Final = {"variance": sum_of_variances, "limit": small_spread_information}


def spread(
    spec: SpreadSpec,
    root: Path = Path("feint-runs"),
    *,
    command: str = "",
    fresh: bool = False,
    progress: bool = True,
) -> RunResult:
    """Compare both approximations of mutual information with it, image by image.

    Args:
        spec: which predictions.
        root: where run folders lie.
        command: the command line to show on the page.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    sets = [load_data(data) for data in spec.data]
    for dataset in sets[1:]:
        if dataset.shape != sets[0].shape:
            raise SpecError(f"data: expected images of {sets[0].shape} in {dataset.name} too, got {dataset.shape}")
    with begun(spec, sets[0], spec.victims, progress=progress) as (spec, victims, size):
        for victim in victims:
            check_answers(victim, ["mutual_information"])
        identity = {
            **spec.model_dump(mode="json"),
            "images": [dataset.fingerprint() for dataset in sets],
            "weights": [victim.fingerprint() for victim in victims],
        }
        with RunFolder.open(root, "spread", identity, fresh=fresh) as folder:
            if not folder.is_complete:
                spreads: list[Spread] = []
                for at, (victim, dataset) in enumerate((v, d) for v in victims for d in sets):

                    def compute(victim: Victim = victim, dataset: Dataset = dataset) -> dict[str, Array]:
                        return _measured(victim, dataset, size, spec.device, progress)

                    found = kept(folder, f"spread-{at}.npz", compute)
                    spreads.append(_spread(victim.name, Path(dataset.name).name, found, spec.resamples))
                report = SpreadReport(
                    "feint spread: softmax variance against mutual information",
                    tuple(spreads),
                    {
                        "data": ", ".join(dataset.name for dataset in sets),
                        "victims": ", ".join(victim.name for victim in victims),
                        **facts(folder),
                    },
                )
                summary = _summary(report, folder, command)
                write_spread(folder, report, headline(summary), command)
                folder.finish(summary)
            return RunResult(folder.path, folder.summary)


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    found = [
        f"{row['victim']} on {row['data']} {row['spearman']['variance']['estimate']:.3f} and "
        f"{row['spearman']['limit']['estimate']:.3f}"
        for row in summary["spreads"]
    ]
    return (
        "Rank correlation (Spearman) of mutual information with the sum of softmax variances and with its "
        f"small-spread limit: {'; '.join(found)}."
    )


def _measured(victim: Victim, dataset: Dataset, size: int, device: str, progress: bool) -> dict[str, Array]:
    estimator = victim.estimator()
    parts: list[dict[str, Tensor]] = []
    with tqdm(total=len(dataset), desc=f"{victim.name}: {dataset.name}", unit=" images", disable=not progress) as bar:
        for images, _, samples in dataset.batches(5 * size):
            found = predict(estimator, images.to(device), samples.to(device), batch_size=size)
            part = {"information": measures.mutual_information(found)}
            part |= {name: approximation(found) for name, approximation in APPROXIMATIONS.items()}
            for factor in FACTORS:
                closer = drawn_together(found, factor)
                information = measures.mutual_information(closer)
                for name, approximation in APPROXIMATIONS.items():
                    part[f"{name}/{factor:g}"] = approximation(closer) / information
            parts.append({name: values.cpu() for name, values in part.items()})
            bar.update(len(samples))
    return {name: torch.cat([part[name] for part in parts]).numpy() for name in parts[0]}


def _spread(victim: str, data: str, found: Mapping[str, Array], resamples: int) -> Spread:
    tensors = {name: torch.as_tensor(values) for name, values in found.items()}
    information = tensors["information"]
    ranks: dict[str, tuple[float, float, float]] = {}
    for name in APPROXIMATIONS:
        interval = bootstrap(spearman, information, tensors[name], resamples=resamples)
        ranks[name] = (interval.low, interval.estimate, interval.high)
    return Spread(
        victim=victim,
        data=data,
        information=found["information"],
        variance=found["variance"],
        limit=found["limit"],
        spearman=ranks,
        kendall={name: kendall_tau(information, tensors[name]) for name in APPROXIMATIONS},
        decades=tuple(_decades(found)),
        closer=tuple(
            (factor, _quantiles(found[f"variance/{factor:g}"]), _quantiles(found[f"limit/{factor:g}"]))
            for factor in FACTORS
        ),
    )


def _decades(found: Mapping[str, Array]) -> list[tuple[float, float, int, float, float]]:
    """Median ratios of both approximations to mutual information, by its size."""
    information = found["information"]
    rows: list[tuple[float, float, int, float, float]] = []
    for low, high in pairwise(DECADES):
        chosen = (information >= low) & (information < high)
        if chosen.any():
            ratios = [float(np.median(found[name][chosen] / information[chosen])) for name in APPROXIMATIONS]
            rows.append((low, high, int(chosen.sum()), ratios[0], ratios[1]))
    return rows


def _quantiles(values: Array) -> tuple[float, float, float]:
    """The middle nine tenths, and the median between their ends; images with no information at all do not count."""
    low, middle, high = np.quantile(values[np.isfinite(values)], [0.05, 0.5, 0.95]).tolist()
    return low, middle, high


def _summary(report: SpreadReport, folder: RunFolder, command: str) -> dict[str, Any]:
    return {
        "run": head(folder, command),
        "spreads": [
            {
                "victim": found.victim,
                "data": found.data,
                "images": len(found.information),
                "spearman": {
                    name: dict(zip(("low", "estimate", "high"), interval, strict=True))
                    for name, interval in found.spearman.items()
                },
                "kendall": dict(found.kendall),
                "decades": [
                    dict(zip(("from", "to", "images", "variance_ratio", "limit_ratio"), row, strict=True))
                    for row in found.decades
                ],
                "drawn_together": [
                    {
                        "factor": factor,
                        "variance_ratio": dict(zip(("low", "median", "high"), variance, strict=True)),
                        "limit_ratio": dict(zip(("low", "median", "high"), limit, strict=True)),
                    }
                    for factor, variance, limit in found.closer
                ],
            }
            for found in report.spreads
        ],
    }
