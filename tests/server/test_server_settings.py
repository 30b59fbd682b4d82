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
    ("name", "value", "rule"),
    [("QUEUE", "many", "should be a valid integer"), ("NO_TOKEN", "perhaps", "a valid boolean"),
     ("PORT", "70000", "less than or equal to 65535"), ("MAX_STREAMS", "0", "greater than 0"),
     ("IDLE_SECONDS", "nan", "a finite number"), ("REQUEST_SECONDS", "inf", "a finite number"),
     ("WORKERS", "-1", "greater than or equal to 0")],
)  # fmt: skip
def test_impossible_values_are_named(name: str, value: str, rule: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_environment({f"INTONA_SERVE_{name}": value})
    sentence = str(caught.value)
    assert sentence.startswith(f"the setting {name.lower()} (INTONA_SERVE_{name}) should be ")
    assert rule in sentence
    assert sentence.endswith(f", not '{value}'")


def test_a_value_from_the_command_line_is_named_too() -> None:
    with pytest.raises(UsageError, match=r"the setting port .* 65535, not 70000"):
        Settings.from_environment({}, port=70_000)


def test_settings_do_not_change_and_know_their_names() -> None:
    with pytest.raises(ValueError, match="prot"):
        Settings(prot=1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_a_token_must_fit_a_header() -> None:
    with pytest.raises(UsageError, match="ASCII"):
        Settings(token="geh\n")


def test_a_wrong_token_is_not_repeated() -> None:
    with pytest.raises(UsageError, match="INTONA_TOKEN") as caught:
        Settings.from_environment({}, token=b"\xffsecret")
    assert "secret" not in str(caught.value)
