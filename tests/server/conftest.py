from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import Running, Start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start services that are stopped, and checked to leave nothing, after the test."""
    services: list[Running] = []

    def begin(**options: Any) -> Running:
        folder = tmp_path / f"service{len(services)}"
        folder.mkdir()
        services.append(Running({"handler": "server_fakes:FakeHandler"} | options, folder))
        return services[-1]

    yield begin
    for service in services:
        service.stop()
        assert list(service.temporary.iterdir()) == []


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service with the fake handler for all tests of a module."""
    running = Running({"handler": "server_fakes:FakeHandler"}, tmp_path_factory.mktemp("service"))
    yield running
    running.stop()
    assert list(running.temporary.iterdir()) == []
