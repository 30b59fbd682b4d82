from __future__ import annotations

from pathlib import Path

import pytest

from intona.errors import UsageError
from intona.server.settings import Settings


def test_the_default_lets_nobody_else_in() -> None:
    settings = Settings()
    assert settings.loopback
    assert settings.hosts == {"localhost", "127.0.0.1", "[::1]"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_other_addresses_need_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="INTONA_TOKEN"):
        Settings(host=host)
    assert Settings(host=host, token="secret").hosts is None
    assert Settings(host=host, no_token=True).token is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert Settings(host=host).token is None


def test_the_environment_sets_every_field_but_the_command_line_wins() -> None:
    environ = {
        "INTONA_TOKEN": "secret",
        "INTONA_SERVE_MODEL": "m.onnx",
        "INTONA_SERVE_QUEUE": "3",
        "INTONA_SERVE_MAX_UPLOAD_MB": "0.5",
        "INTONA_SERVE_ACCESS_LOG": "false",
        "INTONA_SERVE_TOKEN": "ignored",
    }
    settings = Settings.from_environment(environ, queue=7, host=None)
    assert settings.model == Path("m.onnx")
    assert settings.queue == 7
    assert settings.max_upload_bytes == 512 * 1024
    assert not settings.access_log
    assert settings.token == "secret"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [("QUEUE", "many"), ("NO_TOKEN", "perhaps"), ("PORT", "70000"), ("MAX_STREAMS", "0"),
     ("IDLE_SECONDS", "nan"), ("WORKERS", "-1")],
)  # fmt: skip
def test_impossible_values_are_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=rf"(?i){name.lower()}"):
        Settings.from_environment({f"INTONA_SERVE_{name}": value})


def test_a_token_must_fit_a_header() -> None:
    with pytest.raises(UsageError, match="ASCII"):
        Settings(token="geh\n")
