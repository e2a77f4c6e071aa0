"""What the ETA service asks its model, and how it reads the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from domain.order_state import OrderState
from eta.contract import EtaPrediction
from eta.multi_factor import MultiFactor
from matching.plain_travel import PlainTravel
from services.eta_service import EtaService, Outlook
from services.nodes import NodeCache

PLACED = Outlook(state=OrderState.PLACED, restaurant_id=7, prep_remaining_s_est=600.0, to_customer_s=300.0)
ON_BOARD = Outlook(
    state=OrderState.PICKED_UP,
    restaurant_id=2**40,
    prep_remaining_s_est=-30.0,
    to_customer_s=200.0,
    to_restaurant_s=0.0,
    has_driver=True,
    load=2,
)
COLUMNS = {
    "state": (np.int8, [OrderState.PLACED, OrderState.PICKED_UP]),
    "has_driver": (np.int8, [0, 1]),
    "to_restaurant_s": (np.float64, [np.nan, 0.0]),
    "prep_remaining_s_est": (np.float64, [600.0, -30.0]),
    "to_customer_s": (np.float64, [300.0, 200.0]),
    "hour": (np.float64, [1.5, 1.5]),
    "load": (np.int16, [0, 2]),
    "restaurant": (np.int64, [7, 2**40]),
}


class Listener:
    """Keeps the features that it is asked about."""

    quantile_levels = (0.1, 0.5, 0.9)

    def predict(self, features: Any) -> None:
        self.features = features


def service(model: Any) -> EtaService:
    return EtaService(model, PlainTravel(), NodeCache(lambda lat, _: np.zeros(len(lat), np.int32)))


def test_the_model_gets_each_field_of_an_outlook_in_its_column() -> None:
    model = Listener()
    service(model).predict([PLACED, ON_BOARD], 24 * 3_600.0 + 1.5 * 3_600.0)
    for name, (dtype, values) in COLUMNS.items():
        column = getattr(model.features, name)
        assert column.dtype == dtype, name
        np.testing.assert_array_equal(column, np.array(values, dtype), err_msg=name)


def test_a_prediction_for_one_order_is_the_same_as_among_others() -> None:
    eta = service(MultiFactor())
    both, alone = eta.predict([PLACED, ON_BOARD], 60.0), eta.predict([ON_BOARD], 60.0)
    assert both.mean_s[1] == alone.mean_s[0]
    assert {name: row[1] for name, row in both.breakdown.items()} == {
        name: row[0] for name, row in alone.breakdown.items()
    }


@pytest.mark.parametrize(
    ("level", "seconds"), [(0.1, 10.0), (0.5, 20.0), (0.7, 25.0), (0.9, 30.0), (0.99, 30.0)]
)
def test_quantiles_between_the_levels_are_interpolated_and_never_beyond(level: float, seconds: float) -> None:
    prediction = EtaPrediction(
        mean_s=np.zeros(2), quantiles_s=np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), breakdown={}
    )
    assert service(Listener()).quantile_s(prediction, level, row=1) == pytest.approx(seconds)
