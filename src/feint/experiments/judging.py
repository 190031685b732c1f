"""How stochastic victims are judged: by fresh draws, which the attacker has not seen."""

from feint.errors import SpecError
from feint.victims.victim import Victim


def fresh_draws(repeats: int | None, victim: Victim) -> int:
    """How often a victim is asked with fresh draws: never, if it draws nothing.

    Args:
        repeats: as asked; None for 3.
        victim: whom.

    Raises:
        SpecError: repeats for a victim that draws nothing.
    """
    if repeats and not victim.stochastic:
        raise SpecError(f"repeats: expected a victim that draws, got {victim.name}, which predicts without")
    return (3 if repeats is None else repeats) if victim.stochastic else 0
