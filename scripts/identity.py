"""Give the bundled models their identity: the next version to each whose content has changed.

    python scripts/identity.py

To be run after a file in src/intona/assets was replaced, however it was made. The graphs stay as
they are, byte for byte; what is written is the entry ``identity`` of the metadata, and the line of
the new version in src/intona/assets/versions.json, which holds all there were.
"""

import json

from intona.files import save_text
from intona.models.artefact import bundled, read_model
from intona.models.identity import next_identity, with_metadata
from intona.models.metadata import BUNDLED


def main() -> None:
    """Stamp each bundled model, and print what it is."""
    kept = bundled().with_name("versions.json")
    versions = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    for name in BUNDLED:
        path = bundled(name)
        content, metadata = read_model(path)
        known = versions.setdefault(name, [])
        identity = next_identity(content, metadata, known[-1] if known else {})
        if metadata.get("identity") != identity:
            path.write_bytes(with_metadata(content, {**metadata, "identity": identity}))
        if not known or known[-1] != identity:
            known.append(identity)
        print(f"{name}: version {identity['version']} of {identity['created']}")
    save_text(kept, json.dumps(versions, indent=2) + "\n")


if __name__ == "__main__":
    main()
