"""Where the weights of pretrained encoders come from: a file, a folder, or the hub."""

from __future__ import annotations

import os
from pathlib import Path

from intona.errors import ModelError
from intona.files import read_json

ENVIRONMENT = "INTONA_ENCODER"
HUB_NAME = "openai/whisper-tiny.en"
_WANTED = ("*.json", "*.safetensors")


def locate(name: str = "") -> Path:
    """Return the safetensors file of an encoder.

    Args:
        name: the file, a folder in Hugging Face's format, or a hub name; empty means what the
            environment variable ``INTONA_ENCODER`` says, else ``openai/whisper-tiny.en``.
            Where the variable names a folder, an encoder of the hub is looked for there first:
            ``openai/whisper-base`` in ``whisper-base-encoder.safetensors``.

    Raises:
        ModelError: nothing there, or the hub cannot be reached.
    """
    here = os.environ.get(ENVIRONMENT, "")
    known = _known(name or HUB_NAME, here)
    if known is not None:
        return known
    wanted = name or here or HUB_NAME
    path = Path(wanted).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        return _in_folder(path)
    if path.is_absolute() or wanted.count("/") != 1 or path.suffix == ".safetensors":
        raise ModelError(
            f"no encoder weights at {wanted}: give a .safetensors file, for example in the "
            f"environment variable {ENVIRONMENT}"
        )
    return _in_folder(_fetch(wanted))


def is_whisper(file: Path) -> bool:
    """Tell whether weights are Whisper's: a file alone, or beside a configuration saying so."""
    config = file.parent / "config.json"
    if not config.is_file():
        return True
    try:
        return bool(read_json(config, 2**24).get("model_type") == "whisper")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"cannot read {config}: {error}") from None


def _known(name: str, folder: str) -> Path | None:
    """Return the file of a hub's encoder in the folder that the environment names."""
    if not folder or Path(name).expanduser().exists():
        return None
    file = Path(folder).expanduser() / f"{name.rpartition('/')[2]}-encoder.safetensors"
    return file if file.is_file() else None


def _in_folder(folder: Path) -> Path:
    file = folder / "model.safetensors"
    if not file.is_file():
        raise ModelError(f"{folder} holds no model.safetensors")
    return file


def _fetch(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
        from huggingface_hub.errors import RepositoryNotFoundError as Missing
    except ImportError:
        raise ModelError(
            f"the encoder {name} comes from the hub: pip install 'intona[hub]', "
            f"or set {ENVIRONMENT} to a .safetensors file"
        ) from None
    try:
        return Path(snapshot_download(name, allow_patterns=list(_WANTED)))
    except (Missing, LocalEntryNotFoundError, HFValidationError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"cannot fetch the encoder {name} from the hub ({reason}): "
            f"set {ENVIRONMENT} to a local .safetensors file"
        ) from None
