"""The environment that the frameworks live in: `.peers/`, made from `requirements/peers.txt` by uv."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

CHECKOUT = Path(__file__).resolve().parent.parent.parent

USER_VARIABLE = "BENCH_TRAVELLER"
KEY_VARIABLE = "BENCH_CLAUDE_KEY"

_FOLDER = CHECKOUT / ".peers"
_REQUIREMENTS = CHECKOUT / "requirements" / "peers.txt"
_PYTHON = _FOLDER / "bin" / "python"
_MADE_FROM = _FOLDER / "made-from.txt"


def make() -> Path:
    """Its Python; makes it where it isn't there, or was made from other requirements."""
    wanted = _REQUIREMENTS.read_text()
    if not _MADE_FROM.is_file() or _MADE_FROM.read_text() != wanted:
        print("  making .peers ...", flush=True)
        _uv("venv", "--clear", "--python", sys.executable, str(_FOLDER))
        _uv("pip", "sync", "--python", str(_PYTHON), "--require-hashes", str(_REQUIREMENTS))
        _MADE_FROM.write_text(wanted)
    return _PYTHON


def variables(user_id: UUID, claude_key: str) -> dict[str, str]:
    """What a contestant's process needs beside a function's variables, whichever environment it runs in."""
    code = f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'layers' / 'pam'}"
    return {"PYTHONPATH": code, USER_VARIABLE: str(user_id), KEY_VARIABLE: claude_key}


def _uv(*arguments: str) -> None:
    subprocess.run([Path(sys.executable).parent / "uv", *arguments, "--quiet"], check=True)
