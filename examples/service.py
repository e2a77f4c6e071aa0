"""A dispatch service without its HTTP: a line of JSON in, a line of JSON out. It needs `matching` alone.

python examples/service.py < examples/window.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from matching.registry import load_strategy
from matching.window import make_window

STRATEGY = load_strategy("batch", {"candidates": 20})
RNG = np.random.default_rng(0)


def dispatch(orders: list[dict[str, Any]], drivers: list[dict[str, Any]], now_s: float) -> dict[str, Any]:
    """Decide who carries what, and in which stop order; what waits is asked again in `window_s` seconds."""
    window = make_window(orders, drivers, now_s=now_s, strategy=STRATEGY)
    decision = STRATEGY(window.snapshot, RNG)
    return {
        "assignments": window.assignments(decision),
        "routes": window.routes(decision),
        "waiting": window.waiting(decision),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(dispatch(**json.loads(line))), flush=True)
