"""Reports as one self-contained HTML page, all in the shell ``page.html.jinja``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any


def render(package: str, view: Mapping[str, Any], **filters: Callable[..., Any]) -> str:
    """Return a page; it needs no network.

    Args:
        package: whose ``report.html.jinja`` extends the shell.
        view: what the template shows; a name it lacks is an error.
        **filters: functions the template uses.
    """
    from jinja2 import DictLoader, Environment, StrictUndefined

    places = {"page.html.jinja": "intona.formats", "report.html.jinja": package}
    texts = {name: (files(room) / name).read_text("utf-8") for name, room in places.items()}
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment.get_template("report.html.jinja").render(view)
