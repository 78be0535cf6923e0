"""The Python that `make build` builds for Lambda with."""

from pathlib import Path

import pytest

from local.build import RUNTIME, find_runtime, install_runtime

PRESENT = find_runtime()

# uv with a download that is there: it takes the options that it is called with, and no others.
UV = """#!/bin/sh
[ "$1 $2 $3 $4 $6" = "python install --no-bin --install-dir 3.13" ] || exit 2
mkdir -p "$5/cpython-3.13.0-linux/bin" && ln -s %s "$5/cpython-3.13.0-linux/bin/python3.13"
"""


@pytest.fixture
def nothing_present(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a Python of the runtime's version."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    if find_runtime(tmp_path) is not None:
        pytest.skip(f"{RUNTIME} is one of the system's")


def write_uv(folder: Path, script: str) -> Path:
    uv = folder / "uv"
    uv.write_text(script)
    uv.chmod(0o755)
    return uv


@pytest.mark.skipif(PRESENT is None, reason=f"no {RUNTIME} on this machine")
def test_missing_python_is_installed_once(nothing_present: None, tmp_path: Path) -> None:
    """The next build finds it."""
    assert PRESENT is not None
    installed = tmp_path / "installed"
    folder = install_runtime(write_uv(tmp_path, UV % (PRESENT / RUNTIME)), installed)
    assert folder == installed / "cpython-3.13.0-linux" / "bin" == find_runtime(installed)


def test_failed_download_leaves_no_python(nothing_present: None, tmp_path: Path) -> None:
    """As without a connection."""
    assert install_runtime(write_uv(tmp_path, "#!/bin/sh\nexit 1\n"), tmp_path / "installed") is None
