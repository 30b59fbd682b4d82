"""Where the weights of pretrained encoders come from: a file, a folder, or the hub."""

from __future__ import annotations

import json
import os
from pathlib import Path

from intona.errors import ModelError, reason_of
from intona.extras import lacking
from intona.files import read_json

ENVIRONMENT = "INTONA_ENCODER"
HUB_NAME = "openai/whisper-tiny.en"
_WANTED = ("*.json", "*.safetensors")


def locate(name: str = "") -> Path:
    """Return the safetensors file of an encoder, or the index of several.

    Args:
        name: the file, a folder in Hugging Face's format, or a hub name; empty means what the
            environment variable ``INTONA_ENCODER`` says, else ``openai/whisper-tiny.en``.
            Where the variable names a folder, an encoder is looked for there first, by the last
            part of its name: ``openai/whisper-base`` in ``whisper-base-encoder.safetensors`` or
            the folder ``whisper-base``.

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
    if not is_hub_name(wanted):
        raise ModelError(
            f"no encoder weights at {wanted}: give a .safetensors file, a folder or a hub name, or "
            f"set the environment variable {ENVIRONMENT} to the folder that holds them"
        )
    return _in_folder(_fetch(wanted), wanted)


def is_hub_name(name: str) -> bool:
    """Tell whether a name is one of the hub, and not of a file or folder here.

    Examples:
        >>> is_hub_name("microsoft/wavlm-base"), is_hub_name("./wavlm"), is_hub_name("wavlm")
        (True, False, False)
    """
    path = Path(name).expanduser()
    if path.is_absolute() or path.exists() or path.suffix == ".safetensors":
        return False
    return name.count("/") == 1 and name[0] not in "./" and name[-1] != "/"


def recorded(name: str) -> str:
    """Return what a model file calls an encoder: its hub name, or the last part of its path.

    Examples:
        >>> recorded("microsoft/wavlm-base"), recorded("../mine/wavlm-small/")
        ('microsoft/wavlm-base', 'wavlm-small')
    """
    if not name or is_hub_name(name):
        return name
    return Path(name).expanduser().resolve().name


def wants_hub(name: str) -> bool:
    """Tell whether an encoder is to be fetched from the hub."""
    here = os.environ.get(ENVIRONMENT, "")
    return _known(name or HUB_NAME, here) is None and is_hub_name(name or here or HUB_NAME)


def parts_of(file: Path) -> list[Path]:
    """Return the safetensors files of an encoder: large ones come in several, with an index.

    Raises:
        ModelError: the index cannot be read, or names a file that is not beside it.
    """
    if file.suffix != ".json":
        return [file]
    try:
        named = sorted(set(json.loads(file.read_text("utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"cannot read {file}: {reason_of(error)}") from None
    parts = [file.parent / Path(str(name)).name for name in named]
    missing = [part.name for part in parts if not part.is_file()]
    if missing or not parts:
        raise ModelError(f"{file.parent} lacks {', '.join(missing) or 'weights'}")
    return parts


def is_whisper(file: Path) -> bool:
    """Tell whether weights are Whisper's: a file alone, or beside a configuration saying so."""
    config = file.parent / "config.json"
    if not config.is_file():
        return True
    try:
        return bool(read_json(config, 2**24).get("model_type") == "whisper")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"cannot read {config}: {reason_of(error)}") from None


def _known(name: str, folder: str) -> Path | None:
    """Return the file of an encoder in the folder that the environment names."""
    if not folder or Path(name).expanduser().exists():
        return None
    last = Path(name).name
    within = Path(folder).expanduser()
    for file in (within / f"{last}-encoder.safetensors", within / last):
        if file.is_file():
            return file
    return _in_folder(within / last) if last and (within / last).is_dir() else None


def _in_folder(folder: Path, name: str = "") -> Path:
    for file in (folder / "model.safetensors", folder / "model.safetensors.index.json"):
        if file.is_file():
            return file
    called = name or str(folder)
    if name or any(folder.glob("pytorch_model*.bin")):
        convert = f"AutoModel.from_pretrained('{called}').save_pretrained('FOLDER')"
        raise ModelError(
            f"{called} holds no model.safetensors, and pickled weights are not read: convert them "
            f"once by transformers' {convert}, and name FOLDER"
        )
    raise ModelError(f"{folder} holds no model.safetensors")


def _fetch(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
        from huggingface_hub.errors import RepositoryNotFoundError as Missing
    except ImportError:
        what = f"the encoder {name}, where {ENVIRONMENT} names no .safetensors file,"
        raise lacking(what, "huggingface_hub") from None
    try:
        return Path(snapshot_download(name, allow_patterns=list(_WANTED)))
    except (Missing, LocalEntryNotFoundError, HFValidationError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"cannot fetch the encoder {name} from the hub ({reason}): "
            f"set {ENVIRONMENT} to a local .safetensors file"
        ) from None
