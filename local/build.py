"""`python -m local.build [--build-dir DIR]`: `sam build` with the runtime of the template, and the page's folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.site import FILES

RUNTIME = "python3.13"  # as in template.yaml; a test compares
_CHECKOUT = Path(__file__).resolve().parent.parent


def find_runtime() -> Path | None:
    """Return the folder of a Python of the runtime's version, on the PATH or among pyenv's versions, or None."""
    return next((folder for folder in _folders() if _works(folder / RUNTIME)), None)


def _folders() -> Iterator[Path]:
    yield from map(Path, os.get_exec_path())
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{RUNTIME.removeprefix('python')}*/bin"), reverse=True)


def _works(python: Path) -> bool:
    # pyenv puts a stub on the PATH for every version that it knows; a stub fails where its version isn't installed.
    return python.is_file() and subprocess.run([python, "-c", "import pip"], capture_output=True).returncode == 0


def main() -> int:
    """Build; return sam's exit code, or 1 without such a Python."""
    folder = find_runtime()
    if folder is None:
        print(f"Building for Lambda needs {RUNTIME}, on the PATH or under pyenv.", file=sys.stderr)
        return 1
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"}
    sam = Path(sys.executable).parent / "sam"
    status = subprocess.run([sam, "build", *sys.argv[1:]], cwd=_CHECKOUT, env=environment).returncode
    if status == 0:
        build_site(_CHECKOUT, _CHECKOUT / ".aws-sam" / "site")
    return status


def build_site(checkout: Path, target: Path) -> None:
    """Make the folder of the deployed page, with the files that it has from elsewhere; the local stack serves both."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(checkout / "web", target)
    for path, file in FILES.items():
        copy = target / path.lstrip("/")
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(checkout / file, copy)


if __name__ == "__main__":
    sys.exit(main())
