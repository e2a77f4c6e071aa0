from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ContractError, DataError, UnknownNameError, UserError
from domain.order_state import OrderState as S
from eta.contract import EtaFeatures, EtaHistory
from eta.multi_factor import MultiFactor
from eta.testing import make_features, make_history


def one(state, *, drive=np.nan, prep=0.0, to_customer=300.0):
    """Features of a single order."""
    return EtaFeatures(
        state=np.array([state], np.int8),
        has_driver=np.array([not np.isnan(drive)], np.int8),
        to_restaurant_s=np.array([drive]),
        prep_remaining_s_est=np.array([prep]),
        to_customer_s=np.array([to_customer]),
        hour=np.array([12.0]),
        load=np.array([0], np.int16),
        restaurant=np.array([1]),
    )


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (one(S.PREPARING, drive=200.0, prep=600.0), 600 + 300 + 180),  # food is later
        (one(S.PREPARING, drive=700.0, prep=600.0), 700 + 300 + 180),  # driver is later
        (one(S.READY_FOR_PICKUP, drive=200.0, prep=-40.0), 200 + 300 + 180),
        (
            one(S.READY_FOR_PICKUP, drive=0.0, prep=500.0),
            0 + 300 + 180,
        ),  # ready means ready, whatever was quoted
        (one(S.PREPARING, drive=20.0, prep=-900.0), 60 + 300 + 180),  # overdue is not ready
        (one(S.PICKED_UP, drive=0.0, prep=-100.0), 300 + 180),
        (one(S.PICKED_UP, drive=400.0, prep=400.0), 300 + 180),
        (one(S.PLACED, prep=900.0), 900 + 300 + 180),
        (one(S.PREPARING, prep=100.0), 30 + 300 + 300 + 180),  # nobody assigned yet
        (one(S.DELIVERED, drive=0.0), 0),
        (one(S.CANCELLED, prep=900.0), 0),
    ],
)
def test_the_formula(features, expected):
    answer = MultiFactor().predict(features)
    assert answer.mean_s[0] == expected
    parts = {name: float(value[0]) for name, value in answer.breakdown.items()}
    total = max(parts["to_restaurant"], parts["preparation"]) + parts["to_customer"] + parts["buffer"]
    assert total + parts["correction"] == expected


def test_quantiles_are_the_mean_times_one_plus_spread():
    answer = MultiFactor(spread_pickup=(-0.5, 0.1, 1.0)).predict(
        one(S.PICKED_UP, drive=0.0, to_customer=120.0)
    )
    assert answer.quantiles_s[0] == pytest.approx([150.0, 330.0, 600.0])


def test_a_large_negative_bias_never_predicts_the_past():
    answer = MultiFactor(bias_pickup_s=-1e5).predict(one(S.PICKED_UP, drive=0.0))
    assert answer.mean_s[0] == 0.0


@settings(deadline=None, max_examples=60)
@given(drive=st.floats(0, 5_000), prep=st.floats(-5_000, 5_000), more=st.floats(0, 3_000))
def test_later_food_or_driver_never_means_an_earlier_delivery(drive, prep, more):
    model = MultiFactor()
    base = model.predict(one(S.PREPARING, drive=drive, prep=prep)).mean_s[0]
    assert model.predict(one(S.PREPARING, drive=drive + more, prep=prep)).mean_s[0] >= base
    assert model.predict(one(S.PREPARING, drive=drive, prep=prep + more)).mean_s[0] >= base
    assert model.predict(one(S.READY_FOR_PICKUP, drive=drive, prep=prep)).mean_s[0] <= base


def test_fit_finds_bias_and_quantiles_of_each_stage():
    features = make_features(30_000, seed=3)
    plain = MultiFactor()
    rng = np.random.default_rng(4)
    raw = plain.predict(features).mean_s
    actual = (raw + 100.0) * rng.uniform(0.8, 1.2, len(raw))
    actual[features.state > S.PICKED_UP] = 0.0
    fitted = plain.fit(EtaHistory(features=features, actual_s=actual))
    for bias in (fitted.bias_placement_s, fitted.bias_assignment_s, fitted.bias_pickup_s):
        assert bias == pytest.approx(100.0, abs=8.0)
    assert fitted.spread_pickup == pytest.approx((-0.16, 0.0, 0.16), abs=0.01)
    again = fitted.fit(EtaHistory(features=features, actual_s=actual))
    assert again.bias_pickup_s == pytest.approx(fitted.bias_pickup_s, abs=1.0)


def test_fit_on_few_observations_stays_near_the_prior_and_on_none_at_it():
    plain = MultiFactor()
    history = make_history(2_000)
    pickup = np.flatnonzero(history.features.state == S.PICKED_UP)[:1]
    rows = {name: array[pickup] for name, array in vars(history.features).items()}
    fitted = plain.fit(EtaHistory(features=EtaFeatures(**rows), actual_s=history.actual_s[pickup] + 2_100.0))
    assert 0.0 < fitted.bias_pickup_s < 0.06 * 3_000.0
    assert replace(fitted, bias_pickup_s=0.0, spread_pickup=plain.spread_pickup) == plain


def test_fit_refuses_unusable_history():
    features = make_features(3)
    with pytest.raises(ContractError, match="shape"):
        MultiFactor().fit(EtaHistory(features=features, actual_s=np.zeros(2)))
    for bad in (np.nan, -1.0):
        with pytest.raises(DataError, match="negative or non-finite"):
            MultiFactor().fit(EtaHistory(features=features, actual_s=np.array([1.0, bad, 1.0])))


def test_saved_as_json_and_back():
    model = MultiFactor().fit(make_history(500))
    assert MultiFactor.from_dict(json.loads(json.dumps(model.to_dict()))) == model


def test_data_of_another_model_or_with_a_typo_is_refused():
    data = MultiFactor().to_dict()
    with pytest.raises(DataError, match="not of 'multi_factor'"):
        MultiFactor.from_dict({**data, "name": "other"})
    with pytest.raises(UnknownNameError, match="did you mean 'handoff_s'"):
        MultiFactor.from_dict({"name": "multi_factor", "handof_s": 1.0})
    with pytest.raises(UserError, match="handoff_s must be float"):
        MultiFactor.from_dict({**data, "handoff_s": "soon"})


@pytest.mark.parametrize("spread", [(0.0, 0.1), (0.2, 0.1, 0.3), (-1.5, 0.0, 0.1)])
def test_impossible_spreads_are_refused(spread):
    with pytest.raises(ValueError, match="ascending"):
        MultiFactor(spread_pickup=spread)
