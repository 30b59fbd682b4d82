"""Principal directions against numpy's singular value decomposition."""

from __future__ import annotations

import numpy as np
import pytest

from intona.models import principal
from intona.models.principal import principal_directions, residual


@pytest.mark.parametrize("shape", [(30, 12), (12, 30)])
def test_directions_are_those_of_the_decomposition(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    values = (rng.normal(size=shape) @ np.diag(np.linspace(3, 0.5, shape[1]))).astype(np.float32)
    found = principal_directions(values, 5)
    expected = np.linalg.svd(values)[2][:5].T
    np.testing.assert_allclose(np.abs((found * expected).sum(axis=0)), 1.0, atol=1e-4)
    np.testing.assert_allclose(found.T @ found, np.eye(5), atol=1e-4)


def test_there_are_no_more_directions_than_the_rows_have() -> None:
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(40, 3)) @ rng.normal(size=(3, 10))).astype(np.float32)
    assert principal_directions(values, 8).shape == (10, 3)
    assert principal_directions(values[:2], 8).shape == (10, 2)


def test_residual_is_the_mean_square_of_what_is_left() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20, 8)).astype(np.float32)
    directions = np.linalg.qr(rng.normal(size=(8, 3)))[0].astype(np.float32)
    left = values - values @ directions @ directions.T
    np.testing.assert_allclose(residual(values, directions), (left**2).mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(
        residual(values @ directions @ directions.T, directions), 0, atol=1e-5
    )


def test_of_many_rows_some_are_drawn_by_their_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principal, "ROWS", 50)
    rng = np.random.default_rng(0)
    values = np.zeros((200, 6), np.float32)
    values[:100, 0] = rng.normal(size=100)
    values[100:, 1] = 100.0
    weights = np.repeat([1.0, 0.0], 100)
    found = principal_directions(values, 1, weights=weights, seed=3)
    np.testing.assert_allclose(np.abs(found[:, 0]), np.eye(6)[0], atol=1e-6)
    assert np.array_equal(found, principal_directions(values, 1, weights=weights, seed=3))
    assert np.abs(principal_directions(values, 1)[1, 0]) > 0.99


@pytest.mark.parametrize("shape", [(90, 40), (40, 90)])
def test_few_of_many_directions_are_the_leading_ones_too(shape: tuple[int, int]) -> None:
    """They are found one by one, and centred rows do not mislead the search."""
    rng = np.random.default_rng(0)
    values = (rng.normal(size=shape) @ np.diag(np.linspace(3, 0.5, shape[1]))).astype(np.float32)
    values -= values.mean(axis=0)
    found = principal_directions(values, 3)
    expected = np.linalg.svd(values)[2][:3].T
    np.testing.assert_allclose(np.abs((found * expected).sum(axis=0)), 1.0, atol=1e-4)
    assert np.array_equal(found, principal_directions(values, 3))


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_few_directions_of_recordings_that_are_much_alike(rank: int) -> None:
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(60, rank)) @ rng.normal(size=(rank, 80))).astype(np.float32)
    found = principal_directions(values, 4)
    assert np.isfinite(found).all()
    left = values - values @ found @ found.T
    np.testing.assert_allclose(left, 0, atol=1e-4)
