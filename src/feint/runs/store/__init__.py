"""The store: what was run, found again. Run folders are the truth; this is an index that is built again from them.

    folder --(a note is left)--> inbox --(taken in by whoever reads next)--> database

Nothing is imported here: SQLAlchemy costs 0.2 s, and a run that only leaves a note needs none of it.
"""
