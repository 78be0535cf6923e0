"""The environment that the frameworks are installed in: `.peers/`, made from `requirements/peers.txt` by uv."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

CHECKOUT = Path(__file__).resolve().parent.parent.parent

USER_VARIABLE = "BENCH_USER"
KEY_VARIABLE = "BENCH_CLAUDE_KEY"
DATABASE_VARIABLE = "BENCH_DATABASE"

_FOLDER = CHECKOUT / ".peers"
_REQUIREMENTS = CHECKOUT / "requirements" / "peers.txt"
_PYTHON = _FOLDER / "bin" / "python"
_INSTALLED = _FOLDER / "installed.txt"


def install() -> Path:
    """Return the environment's Python, after making it unless it has these requirements already."""
    requirements = _REQUIREMENTS.read_text()
    if not _INSTALLED.is_file() or _INSTALLED.read_text() != requirements:
        print("  making .peers ...", flush=True)
        _uv("venv", "--clear", "--python", sys.executable, str(_FOLDER))
        _uv("pip", "sync", "--python", str(_PYTHON), "--require-hashes", str(_REQUIREMENTS))
        _INSTALLED.write_text(requirements)
    return _PYTHON


def variables(user_id: UUID, claude_key: str, database: str) -> dict[str, str]:
    """Return what a contestant's process needs beside a function's variables, in either environment.

    `database` is the conninfo of a role that may create the tables of a framework.
    """
    code = f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'layers' / 'pam'}"
    return {
        "PYTHONPATH": code,
        USER_VARIABLE: str(user_id),
        KEY_VARIABLE: claude_key,
        DATABASE_VARIABLE: database,
    }


def _uv(*arguments: str) -> None:
    subprocess.run([Path(sys.executable).parent / "uv", *arguments, "--quiet"], check=True)
