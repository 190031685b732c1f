"""The pages, one a file: each a function that lays it out for one visitor."""

from feint.app.web.desk import Desk

from . import attack, compare, job, latent, leaderboard, learn, missing, new, run, runs, victims


def register(desk: Desk) -> None:
    """Say which address leads to which page."""
    for page in (runs, run, leaderboard, compare, attack, new, job, victims, latent, learn, missing):
        page.register(desk)
