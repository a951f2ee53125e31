"""`make conformance`: writes docs/conformance.md and docs/conformance.json."""

from __future__ import annotations

import sys
from pathlib import Path

from .report import counts, judgements, write

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "data" / "reference"


def main() -> int:
    """The exit code: 1 where there are no reference values."""
    if not REFERENCE.is_dir():
        sys.stderr.write(f"no reference values: {REFERENCE} is missing\n")
        return 1
    found = judgements(REFERENCE)
    write(found, ROOT / "docs")
    for source, count in counts(found).items():
        sys.stdout.write(f"{source}: " + ", ".join(f"{number} {kind}" for kind, number in sorted(count.items())) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
