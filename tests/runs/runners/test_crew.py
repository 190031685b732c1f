"""Who is asked for the next piece, whoever the workers are."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from feint.runs.runners.crew import Crew
from feint.runs.work import Found, Piece


class Full:
    """Two workers, for whom there is no room beside each other."""

    count = 2

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.busy: list[int] = []

    def ask(self, number: int, order: Any) -> None:
        self.asked.append(number)
        self.busy.append(number)

    def answers(self) -> list[tuple[int, Found]]:
        assert self.busy, "nobody was asked, and who waits for an answer waits for ever"
        return [(self.busy.pop(), Found({}))]

    def room(self, number: int) -> bool:
        return False

    def end(self, number: int) -> None:
        pass


def test_without_room_one_is_asked_all_the_same_and_no_other():
    pieces = [Piece(f"{at:05d}") for at in range(4)]
    stage, workers = SimpleNamespace(name="drawn", pieces=pieces, cut=None), Full()
    job: Any = SimpleNamespace(stage=stage, pieces=pieces, task=None, scratch=lambda piece: Path(piece.name))
    assert [piece for piece, _ in Crew(workers).found(job)] == pieces
    assert workers.asked == [0] * 4
