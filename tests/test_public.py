"""The names that `import feint` offers."""

import importlib

import pytest

import feint

NAMES = """
ACE AuditSettings Budget Categorical DeepEnsemble FeintError MCDropout Softmax attack attacks audit data detect errors
estimators experiments fit_temperature measures metrics networks reports run span training
"""


def test_the_names_are_pinned_and_there():
    assert feint.__all__ == sorted(NAMES.split(), key=lambda name: (name.islower(), name))
    for name in feint.__all__:
        assert getattr(feint, name) is not None
    assert set(feint.__all__) <= set(dir(feint))


def test_they_are_what_their_rooms_call_so():
    from feint.app.python import audit
    from feint.predictive import Categorical

    assert feint.audit is audit
    assert feint.__version__.split(".")[0].isdigit()
    assert feint.Categorical is Categorical
    assert feint.data.load is importlib.import_module("feint.data").load
    assert feint.networks.load is importlib.import_module("feint.networks").load


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = feint.nonsense
