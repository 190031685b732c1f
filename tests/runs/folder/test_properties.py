"""A ledger under any damage that Hypothesis thinks of: what is not as it was written is absent, and nothing else."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from feint.runs.folder.ledger import Ledger

from ..folders import DAMAGES, contents
from .test_ledger import PIECES, STAGE, STATE, filled, found, there

FILES = {
    at: [f"tables/records/{at:02d}.parquet", f"arrays/kept/{at:02d}.npz", f"ledger/some/{at:02d}.json"]
    for at in range(len(PIECES))
}
NAMES = [name for names in FILES.values() for name in names]


@settings(deadline=None, derandomize=True, max_examples=10)
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(DAMAGES), max_size=5))
def test_what_is_damaged_is_absent_and_made_again_to_the_same_bits(damages):
    with TemporaryDirectory() as folder:
        path = filled(Path(folder) / "run")
        with Ledger.open(path, STATE) as ledger:
            ledger.finish()
        whole = contents(path)
        for name, damage in damages.items():
            damage(path / name)
        # A line break more or less in an entry says nothing.
        bad = {name for name, damage in damages.items() if not (name.endswith("json") and "truncated" in str(damage))}
        entries = {f"ledger/some/{at:02d}.json" for at in FILES} & bad
        named = bad - {name for at, names in FILES.items() if names[2] in entries for name in names[:2]}
        flags, lost = there(path)
        assert flags == [not bad.intersection(names) for names in FILES.values()]
        assert set(lost) == named
        with Ledger.open(path, STATE) as ledger:
            for at, flag in enumerate(flags):
                if not flag:
                    ledger.record(STAGE, PIECES[at], found(at))
        again = contents(path)
        assert {name: again[name] for name in bad} == {name: whole[name] for name in bad}
        assert there(path) == ([True] * len(PIECES), [])
