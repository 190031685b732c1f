"""Two stages: numbers piece by piece, and their squares; a file is delivered beside."""

import numpy as np
import pyarrow as pa

from feint.runs.work import Found, Piece, Stage, Work

from . import calls

DRAWN = pa.schema([pa.field("piece", pa.dictionary(pa.int32(), pa.string())), pa.field("value", pa.float64())])
SQUARED = pa.schema([pa.field("value", pa.float64())])


def prepare(settings, machine):
    settings = machine.settled(settings, (1, 2, 2), 4)
    pieces = [Piece(f"{at:02d}", settings.rows, (at,)) for at in range(settings.pieces)]
    stages = [
        Stage("drawn", pieces, lambda *arguments: drawn(settings, *arguments), {"drawn": DRAWN}, ["kept"]),
        Stage.single("squared", squared, tables={"squared": SQUARED}),
    ]
    place = machine.victims / "place"

    def deliver(run, delivery):
        calls.append("deliver")
        delivery.write_json("delivered.json", {"pieces": run.pieces("kept")})
        delivery.write_bytes(place.absolute() / "card", b"a card")

    return Work(settings, {"code": 1}, {"classes": ["one"]}, stages, deliver, [place])


def drawn(settings, piece, earlier, scratch):
    calls.append(f"drawn/{piece.name}")
    (scratch / "half-way").write_text("kept until the piece is whole")
    values = np.random.default_rng((settings.seed, *piece.at)).random(settings.rows)
    names = pa.array([piece.name] * settings.rows).dictionary_encode()
    table = pa.table([names, pa.array(values)], schema=DRAWN)
    skipped = [("a place", "a reason")] if piece.at[0] else []
    return Found({"drawn": table}, {"kept": {"half": values / 2}}, skipped, {"number": piece.at[0]})


def squared(piece, earlier, scratch):
    calls.append("squared/squared")
    return Found({"squared": pa.table({"value": earlier.table("drawn").column("value") ** 2}, SQUARED)})
