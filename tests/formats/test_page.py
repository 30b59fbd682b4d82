"""Both reports stand in one shell, and a template that asks for what is not there fails."""

from __future__ import annotations

from importlib.resources import files

import pytest
from jinja2 import TemplateError

from intona.formats.page import render


@pytest.mark.parametrize("package", ["intona.evaluation", "intona.audit"])
def test_reports_extend_the_shell(package: str) -> None:
    template = (files(package) / "report.html.jinja").read_text("utf-8")
    assert template.startswith('{% extends "page.html.jinja" %}')
    assert "prefers-color-scheme" not in template
    with pytest.raises(TemplateError):
        render(package, {})


def test_the_shell_is_for_phones_and_for_dark_rooms() -> None:
    shell = (files("intona.formats") / "page.html.jinja").read_text("utf-8")
    assert 'name="viewport"' in shell
    assert shell.count("prefers-color-scheme: dark") == 1
