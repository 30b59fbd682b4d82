"""``python -m intona``: the same as the ``intona`` command."""

from intona.cli import main

if __name__ == "__main__":
    main()
