"""What the pages of feint latent, interpolate and spread have in common."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .latent import Array
from .markup import data_uri, section
from .report import document
from .run_folder import RunFolder

Specs = dict[str, dict[str, Any]]
"""Plotly figures by name."""

TERMS = {
    "Entropy": "Of the mean prediction over the draws, in nats: the total uncertainty, 0 to log C.",
    "Mutual information": "What the draws disagree on, in nats: high where the networks were not told what to say. "
    "A single network without dropout has none.",
}


def write_page(
    folder: RunFolder,
    name: str,
    headline: str,
    parts: Sequence[str],
    specs: Specs,
    pictures: Mapping[str, bytes],
    glossary: Mapping[str, str],
) -> None:
    """Write ``report.html`` and ``figures/*.png``.

    Args:
        folder: the run's.
        name: the page's title.
        headline: the finding in one sentence.
        parts: the sections, as HTML.
        specs: the Plotly figures in them.
        pictures: PNG by file name, without its ending.
        glossary: terms and what they mean.

    Raises:
        StoreError: one of them cannot be written.
    """
    for file, png in pictures.items():
        folder.write_bytes(f"figures/{file}.png", png)
    folder.write_bytes("report.html", document(name, headline, parts, specs, glossary).encode())


def picture(head: str, read: str, png: bytes, alt: str) -> str:
    """A section that is one picture, with a line that says how to read it."""
    return section(
        head, escape(read), f'<figure><img style="max-width:100%" src="{data_uri(png)}" alt="{escape(alt)}"></figure>'
    )


def digits(values: Array) -> list[float]:
    """Numbers as a page holds them: four digits of each."""
    return [float(f"{float(value):.4g}") for value in values]
