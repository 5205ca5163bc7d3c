"""The command `meekoppel-contracts`. It needs the extra `tools`, which whoever only reads events does not."""

from __future__ import annotations

import sys

OF_THE_EXTRA = frozenset({"typer", "rich", "avro", "httpx"})


def main() -> None:
    """Run the command, or say in one sentence how to get what it needs."""
    try:
        from meekoppel_contracts.cli.main import run
    except ModuleNotFoundError as error:
        if error.name not in OF_THE_EXTRA:
            raise
        print(f"meekoppel-contracts needs {error.name}: pip install 'meekoppel-contracts[tools]'", file=sys.stderr)  # noqa: T201 - what prints in colour is what is missing
        sys.exit(1)
    run()
