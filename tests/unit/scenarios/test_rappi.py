"""The reader of recorded days: on small files with known faults, and on the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from domain.errors import DataError
from domain.spec import TraceSpec
from domain.trace import Trace
from domain.vehicles import Vehicle
from scenarios import read_trace
from scenarios.rappi import read_rappi

HEADER = (
    "order_id,pick_up_lat,pick_up_lng,drop_off_lat,drop_off_lng,"
    "placement_time,preparation_time,ready_time,expected_drop_off_time"
)
SHIFTS = "courier_id,vehicle,on_lat,on_lng,on_time,off_time"
ORDER = "1,4.0,-75.0,4.1,-75.1,10:00:00,10:05:00,10:15:00,10:40:00"
SHIFT = "1,car,4.0,-75.0,08:00:00,16:00:00"


def day(folder: Path, orders: list[str], shifts: list[str] | None = None) -> Path:
    (folder / "orders.csv").write_text("\n".join([HEADER, *orders, ""]), encoding="utf-8")
    (folder / "couriers.csv").write_text("\n".join([SHIFTS, *(shifts or [SHIFT]), ""]), encoding="utf-8")
    return folder


def times(trace: Trace) -> list[list[float]]:
    columns = (trace.placed_s, trace.prep_started_s, trace.ready_s, trace.promised_s)
    return np.stack(columns, axis=1).tolist()


def test_a_plain_day_is_read_as_it_stands(tmp_path: Path) -> None:
    trace = read_rappi(day(tmp_path, [ORDER]))
    assert times(trace) == [[36000.0, 36300.0, 36900.0, 38400.0]]
    assert (trace.restaurant_lat[0], trace.restaurant_lon[0]) == (4.0, -75.0)
    assert (trace.customer_lat[0], trace.customer_lon[0]) == (4.1, -75.1)
    assert (trace.on_s[0], trace.off_s[0], trace.vehicle[0]) == (28800.0, 57600.0, Vehicle.CAR)
    assert trace.notes == ()


def test_orders_are_sorted_by_placement_and_ties_keep_their_order(tmp_path: Path) -> None:
    rows = [
        "1,4.2,-75.0,1.0,-75.1,12:00:00,12:05:00,12:15:00,12:40:00",
        "2,4.1,-75.0,2.0,-75.1,10:00:00,10:05:00,10:15:00,10:40:00",
        "3,4.2,-75.0,3.0,-75.1,10:00:00,10:05:00,10:15:00,10:40:00",
    ]
    trace = read_rappi(day(tmp_path, rows))
    assert trace.customer_lat.tolist() == [2.0, 3.0, 1.0]
    assert trace.restaurant.tolist() == [0, 1, 1]
    assert trace.restaurant_lat.tolist() == [4.1, 4.2]


def test_what_happens_after_midnight_is_of_the_next_day(tmp_path: Path) -> None:
    row = "1,4.0,-75.0,4.1,-75.1,23:50:00,23:58:00,00:08:00,00:30:00"
    trace = read_rappi(day(tmp_path, [row], ["1,car,4,-75,20:00:00,02:00:00"]))
    assert times(trace) == [[85800.0, 86280.0, 86880.0, 88200.0]]
    assert (trace.on_s[0], trace.off_s[0]) == (72000.0, 93600.0)
    assert trace.notes == (
        "1 orders with times after midnight moved to the next day",
        "1 shifts that end after midnight moved to the next day",
    )


def test_a_promise_before_the_food_is_ready_is_a_quote_and_stays(tmp_path: Path) -> None:
    row = "1,4.0,-75.0,4.1,-75.1,10:00:00,10:05:00,10:50:00,10:40:00"
    trace = read_rappi(day(tmp_path, [row]))
    assert times(trace) == [[36000.0, 36300.0, 39000.0, 38400.0]]
    assert trace.notes == ()


@pytest.mark.parametrize(
    ("row", "expected", "note"),
    [
        ("10:00:00,09:50:00,10:15:00,10:40:00", [0, 0, 900, 2400], "preparation starts before placement"),
        ("10:00:00,10:05:00,09:55:00,10:40:00", [0, 300, 300, 2400], "ready before preparation started"),
        ("10:00:00,10:05:00,10:15:00,09:40:00", [0, 300, 900, 2400], "promises before placement"),
        ("10:00:00,,10:15:00,10:40:00", [0, 0, 900, 2400], "preparation starts missing"),
        ("10:00:00,10:05:00,,10:40:00", [0, 300, 900, 2400], "ready times missing"),
        ("10:00:00,10:05:00,10:15:00,", [0, 300, 900, 2400], "promises missing"),
    ],
)
def test_times_out_of_order_or_missing_are_repaired_and_counted(
    tmp_path: Path, row: str, expected: list[int], note: str
) -> None:
    trace = read_rappi(day(tmp_path, [ORDER, f"2,4.0,-75.0,4.1,-75.1,{row}"]))
    assert (np.array(times(trace)[1]) - 36000.0).tolist() == expected
    assert [text.split(":")[0] for text in trace.notes] == [f"1 {note}"]


def test_rows_without_a_place_or_start_are_dropped_and_counted(tmp_path: Path) -> None:
    rows = [ORDER, ORDER.replace("4.1,", ",", 1), ORDER.replace("10:00:00", "")]
    trace = read_rappi(day(tmp_path, rows, [SHIFT, "2,car,,-75.0,08:00:00,16:00:00"]))
    assert (len(trace.placed_s), len(trace.on_s)) == (1, 1)
    assert trace.notes == (
        "2 orders without a place or placement time: dropped",
        "1 shifts without a place or time: dropped",
    )


def test_vehicles_become_ours_and_the_stand_ins_are_said(tmp_path: Path) -> None:
    names = ["car", "motorcycle", "bicycle", "walking"]
    trace = read_rappi(day(tmp_path, [ORDER], [SHIFT.replace("car", name) for name in names]))
    assert trace.vehicle.tolist() == [Vehicle.CAR, Vehicle.SCOOTER, Vehicle.BICYCLE, Vehicle.BICYCLE]
    assert trace.notes == ("1 walking couriers ride bicycles here", "1 motorcycles ride as scooters here")


def test_shifts_that_cannot_work_are_dropped_and_counted(tmp_path: Path) -> None:
    shifts = [SHIFT, "2,car,4.0,-75.0,08:00:00,08:00:00", "3,car,9.0,-75.0,08:00:00,16:00:00"]
    trace = read_rappi(day(tmp_path, [ORDER], shifts))
    assert len(trace.on_s) == 1
    assert trace.notes == (
        "1 shifts of no length: dropped",
        "1 shifts that start over 50 km from the pickups: dropped",
    )


def test_an_empty_day_is_a_day(tmp_path: Path) -> None:
    trace = read_rappi(day(tmp_path, []))
    assert (len(trace.placed_s), len(trace.restaurant_lat), len(trace.on_s)) == (0, 0, 1)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (("10:00:00", "25:00:00"), "orders.csv:3: placement_time '25:00:00' is not a 24-hour time HH:MM:SS"),
        (("10:15:00", "soon"), "orders.csv:3: ready_time 'soon' is not a 24-hour time HH:MM:SS"),
        (("4.0", "north"), "orders.csv:3: pick_up_lat 'north' is not a number from -90 to 90"),
        (("-75.1", "-975"), "orders.csv:3: drop_off_lng '-975' is not a number from -180 to 180"),
        (("10:40:00", "10:40:00,9"), "orders.csv: cannot be read: Error tokenizing data"),
    ],
)
def test_bad_cells_name_file_line_and_value(tmp_path: Path, bad: tuple[str, str], expected: str) -> None:
    with pytest.raises(DataError) as caught:
        read_rappi(day(tmp_path, [ORDER, ORDER.replace(*bad)]))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_vehicles_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"couriers\.csv:2: vehicle 'horse' is not one of car, motorcycle"):
        read_rappi(day(tmp_path, [ORDER], [SHIFT.replace("car", "horse")]))
    (tmp_path / "couriers.csv").write_text("courier_id,vehicel,on_lat,on_lng,on_time,off_time\n")
    with pytest.raises(DataError, match=r"couriers\.csv: no column 'vehicle'; did you mean 'vehicel'"):
        read_rappi(tmp_path)
    (tmp_path / "couriers.csv").write_text("")
    with pytest.raises(DataError, match=r"couriers\.csv: empty; expected the columns vehicle"):
        read_rappi(tmp_path)
    (tmp_path / "couriers.csv").unlink()
    with pytest.raises(DataError, match=r"no couriers\.csv; a Rappi day is a folder with"):
        read_rappi(tmp_path)


def test_traces_are_looked_up_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "days" / "7").mkdir(parents=True)
    day(tmp_path / "days" / "7", [ORDER])
    monkeypatch.setenv("DISPATCHLAB_DATA", str(tmp_path))
    assert read_trace(TraceSpec(path="days/7")).name == "rappi_7"
    with pytest.raises(DataError, match=r"days/8: not in the data folder .*; set DISPATCHLAB_DATA"):
        read_trace(TraceSpec(path="days/8"))
    with pytest.raises(DataError, match="/days/9: no such file or folder"):
        read_trace(TraceSpec(path="/days/9"))


# instance: orders, shifts that work, pickup points, orders that cross midnight
REAL_DAYS = {
    1: (7367, 2367, 805, 17),
    3: (2959, 1181, 306, 6),
    4: (844, 414, 181, 0),
    5: (9115, 2788, 535, 12),
    7: (7357, 2593, 836, 15),
    9: (2407, 1145, 308, 9),
    10: (735, 451, 188, 0),
    11: (8451, 2994, 551, 15),
    12: (31199, 12540, 3682, 56),
}


@pytest.mark.data
@pytest.mark.parametrize("instance", REAL_DAYS)
def test_real_days_have_their_known_counts_and_times_in_order(instance: int) -> None:
    trace = read_trace(TraceSpec(path=f"orders/rappi/{instance}"))
    orders, shifts, points, crossing = REAL_DAYS[instance]
    assert (len(trace.placed_s), len(trace.on_s), len(trace.restaurant_lat)) == (orders, shifts, points)
    note = f"{crossing} orders with times after midnight moved to the next day"
    assert (note in trace.notes) == (crossing > 0)
    assert np.all(np.diff(trace.placed_s) >= 0.0)
    assert np.all(trace.placed_s <= trace.prep_started_s)
    assert np.all(trace.prep_started_s <= trace.ready_s)
    assert np.all(trace.placed_s <= trace.promised_s)
    assert np.all(trace.on_s < trace.off_s)
    assert np.array_equal(np.unique(trace.restaurant), np.arange(points))
    assert np.all(trace.ready_s < 90000.0)
