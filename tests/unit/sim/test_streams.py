import numpy as np
import pytest

from sim.streams import Streams


def test_a_named_stream_gives_the_same_numbers_again_and_others_differ() -> None:
    streams = Streams(7, 0)
    first = streams.generator("demand").random(5)
    np.testing.assert_array_equal(first, Streams(7, 0).generator("demand").random(5))
    for other in (
        streams.generator("gps"),
        Streams(8, 0).generator("demand"),
        Streams(7, 1).generator("demand"),
    ):
        assert not np.array_equal(first, other.random(5))


def test_keyed_draws_depend_on_their_keys_only() -> None:
    streams = Streams(1)
    ahead = streams.uniform("accept", 3, 4)
    for a in range(100):
        streams.uniform("accept", a, 9)
    assert streams.uniform("accept", 3, 4) == ahead
    assert Streams(1).uniform("accept", 3, 4) == ahead
    assert streams.uniform("accept", 4, 3) != ahead
    assert streams.uniform("reaction", 3, 4) != ahead


def test_keyed_draws_are_uniform_and_uncorrelated_along_both_keys() -> None:
    streams = Streams(5)
    draws = np.array([[streams.uniform("accept", a, b) for b in range(200)] for a in range(200)])
    assert draws.min() > 0.0
    assert draws.max() < 1.0
    counts = np.histogram(draws, bins=20, range=(0, 1))[0]
    chi2 = ((counts - 2000.0) ** 2 / 2000.0).sum()
    assert chi2 < 43.8  # 99.9 % point, 19 degrees of freedom
    assert abs(np.corrcoef(draws[:-1].ravel(), draws[1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(draws[:, :-1].ravel(), draws[:, 1:].ravel())[0, 1]) < 0.02


def test_lognormal_has_its_median() -> None:
    streams = Streams(2)
    draws = [streams.lognormal("reaction", k, median=6.0, sigma=0.6) for k in range(4000)]
    assert np.median(draws) == pytest.approx(6.0, rel=0.05)
    assert np.std(np.log(draws)) == pytest.approx(0.6, rel=0.05)


def test_a_batch_of_keyed_draws_is_the_draws_one_by_one() -> None:
    streams = Streams(4)
    a, b = np.array([1, 5, 2**40]), np.array([0, 7, 3])
    single = [streams.uniform("moves", int(x), int(y)) for x, y in zip(a, b, strict=True)]
    assert streams.uniforms("moves", a, b).tolist() == single
