"""`python -m local.build [--build-dir DIR]`: `sam build` with the runtime of the template, and the page's folder."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local.page_files import FILES, MANIFEST_PATH, render_manifest
from local.security_headers import security_headers

RUNTIME = "python3.13"  # as in template.yaml; a test compares
_CHECKOUT = Path(__file__).resolve().parent.parent

MAX_UNZIPPED_BYTES = 250 * 1024 * 1024
"""Lambda's limit for a function together with its layers."""

UNUSED = ("GeminiLayer/python/googleapiclient/discovery_cache/documents",)
"""Folders of the build that no function reads: descriptions of Google's other APIs, 110 MB."""


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
    """Build; return sam's exit code, or 1 without such a Python, or where a function is too large for Lambda."""
    folder = find_runtime()
    if folder is None:
        print(f"Building for Lambda needs {RUNTIME}, on the PATH or under pyenv.", file=sys.stderr)
        return 1
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"}
    sam = Path(sys.executable).parent / "sam"
    status = subprocess.run([sam, "build", *sys.argv[1:]], cwd=_CHECKOUT, env=environment).returncode
    if status != 0:
        return status
    build_dir = _build_dir(sys.argv[1:])
    remove_unused(build_dir)
    function, size = max(unzipped_sizes(build_dir).items(), key=lambda item: item[1])
    print(f"The largest function, {function}, has {size / 1e6:.0f} of {MAX_UNZIPPED_BYTES / 1e6:.0f} MB, unzipped.")
    if size > MAX_UNZIPPED_BYTES:
        return 1
    build_site(_CHECKOUT, _CHECKOUT / ".aws-sam" / "site")
    return 0


def _build_dir(arguments: list[str]) -> Path:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--build-dir", "-b", type=Path, default=Path(".aws-sam") / "build")
    folder: Path = parser.parse_known_args(arguments)[0].build_dir
    return _CHECKOUT / folder


def remove_unused(build_dir: Path) -> None:
    """Remove the folders of `UNUSED`. Raises FileNotFoundError where one doesn't exist: its package has changed."""
    for folder in UNUSED:
        layer = build_dir / Path(folder).parts[0]
        before = _size(layer)
        shutil.rmtree(build_dir / folder)
        print(f"{layer.name} has {_size(layer) / 1e6:.0f} MB, without {folder} (before: {before / 1e6:.0f} MB).")


def unzipped_sizes(build_dir: Path) -> dict[str, int]:
    """Return the bytes of each function with all of its layers, by its logical id."""
    template = yaml_parse((build_dir / "template.yaml").read_text(encoding="utf-8"))
    shared = template["Globals"]["Function"]["Layers"]
    sizes = {folder.name: _size(folder) for folder in build_dir.iterdir() if folder.is_dir()}
    return {
        name: sizes[name] + sum(sizes.get(layer["Ref"], 0) for layer in [*shared, *properties.get("Layers", [])])
        for name, properties in _functions(template)
    }


def _functions(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            yield name, resource["Properties"]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def build_site(checkout: Path, target: Path, connect: Iterable[str] = ()) -> None:
    """Make the folder of the deployed page, with the files that it has from elsewhere; the local stack serves both.

    `connect` are the stage's origins that its security headers permit, see `security_headers`.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(checkout / "web", target, ignore=shutil.ignore_patterns("*.d.ts"))
    for path, file in FILES.items():
        copy = target / path.lstrip("/")
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(checkout / file, copy)
    (target / MANIFEST_PATH.lstrip("/")).write_text(
        render_manifest(checkout, security_headers(connect)), encoding="utf-8"
    )


if __name__ == "__main__":
    sys.exit(main())
