"""What can be asked of the tables of the paper on ACE."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, final

from pydantic import BeforeValidator, Field, model_validator

from feint.errors import SpecError
from feint.runs.settings import LinfRadii, RunSettings, listed
from feint.threats.settings import Arithmetic
from feint.victims.settings import DataSettings, Networks, Victims

WHITE_RADII, BLACK_RADII = (5e-5, 5e-4, 5e-3), (5e-4, 5e-3, 5e-2)
"""The paper's radii, of the full range [0, 1], when the weights are known and when they are not."""

Counts = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(listed)]


class AceSettings(RunSettings):
    """What all tables ask for.

    Attributes:
        data: the images.
        victim: the networks of a victim that feint train made, beside those that are named.
        networks: victims; of an ensemble, its members.
        proxies: of the black box.
        white_radii: of the white box.
        black_radii: of the black box.
        arithmetic: exact gradients, or as-released: those of the authors' code, whose softmax is in float32; MC dropout
            attacked directly, in its entropy, is exact always.
        repeats: fresh draws that judge stochastic victims.
    """

    flags: ClassVar[Mapping[str, str]] = {"networks": "network", "proxies": "proxy"}

    data: DataSettings = DataSettings()
    victim: str | None = None
    networks: Networks = ()
    proxies: Networks = ()
    white_radii: LinfRadii = WHITE_RADII
    black_radii: LinfRadii = BLACK_RADII
    arithmetic: Arithmetic = "exact"
    repeats: Annotated[int, Field(ge=0)] = 3

    @model_validator(mode="after")
    def _somebody(self) -> "AceSettings":
        if not self.networks and self.victim is None:
            raise SpecError("network: expected at least one --network, or a --victim, got none")
        return self


@final
class SoftmaxSettings(AceSettings):
    """Table 1: each network by itself; without proxies it is attacked through all the others."""


@final
class EnsembleSettings(AceSettings):
    """Table 2: deep ensembles.

    Attributes:
        matching_proxies: of the ensemble's own families.
        foreign_proxies: of other families.
        sizes: numbers of members, taken from the front (default: all).
    """

    flags: ClassVar[Mapping[str, str]] = {
        "networks": "network",
        "proxies": "proxy",
        "matching_proxies": "matching-proxy",
        "foreign_proxies": "foreign-proxy",
        "sizes": "size",
    }

    matching_proxies: Networks = ()
    foreign_proxies: Networks = ()
    sizes: Counts = ()


@final
class MCDropoutSettings(AceSettings):
    """Table 3: MC dropout.

    Attributes:
        draws: numbers of passes.
    """

    draws: Counts = (30, 10)


@final
class SelectiveNetSettings(RunSettings):
    """Table 4: victims with a selector, white box, aimed at the selector and at the softmax, judged by the selector.

    Attributes:
        data: the images.
        victims: each trained with --estimator selective-net.
        radii: of the white box.
    """

    data: DataSettings = DataSettings()
    victims: Victims = ()
    radii: LinfRadii = WHITE_RADII

    @model_validator(mode="after")
    def _somebody(self) -> "SelectiveNetSettings":
        if not self.victims:
            raise SpecError("victim: expected at least one --victim with a selector, got none")
        return self
