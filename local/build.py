"""`python -m local.build [--build-dir DIR]`: `sam build` with the runtime of the template, and the page's folder.

What no function reads is removed from the layers, modules are compiled, and all files get the same time: two builds of
one checkout are equal, byte for byte.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local.build_reduction import compile_modules, fix_times, reduce_layer
from local.page_files import FILES, MANIFEST_PATH, render_manifest
from local.security_headers import security_headers
from local.template import read_source

RUNTIME = "python3.13"  # as in template.yaml; a test compares
_CHECKOUT = Path(__file__).resolve().parent.parent

INSTALLED = _CHECKOUT / ".local" / "python"
"""Where uv installs a Python of the runtime's version, on a machine that has none."""

_MB = 1_000_000

MAX_FAST_BYTES = 60 * _MB
"""Of a function that answers without a model, with its layers, unzipped: size is a part of a cold start."""

MAX_MODEL_BYTES = 200 * _MB
"""Of a function that calls Claude or Gemini. Lambda's own limit is 250 MiB."""

_MODEL_LAYERS = frozenset({"ClaudeLayer", "GeminiLayer"})


def find_runtime(installed: Path = INSTALLED) -> Path | None:
    """Return the folder of a Python of the runtime's version, or None.

    It is looked for on the PATH, among pyenv's versions, and among those that uv has put into `installed`.
    """
    return next((folder for folder in _folders(installed) if _works(folder / RUNTIME)), None)


def install_runtime(uv: Path, installed: Path = INSTALLED) -> Path | None:
    """Have uv download a Python of the runtime's version; return its folder, or None where that fails."""
    version = RUNTIME.removeprefix("python")
    subprocess.run([uv, "python", "install", "--no-bin", "--install-dir", installed, version])
    return find_runtime(installed)


def _folders(installed: Path) -> Iterator[Path]:
    yield from map(Path, os.get_exec_path())
    version = RUNTIME.removeprefix("python")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}*/bin"), reverse=True)
    yield from sorted(installed.glob(f"cpython-{version}*/bin"), reverse=True)


def _works(python: Path) -> bool:
    # pyenv puts a stub on the PATH for every version that it knows; a stub fails where its version isn't installed.
    return python.is_file() and subprocess.run([python, "-c", "import pip"], capture_output=True).returncode == 0


def main() -> int:
    """Build; return sam's exit code, or 1 without such a Python, or where a function is too large for Lambda."""
    tools = Path(sys.executable).parent
    folder = find_runtime()
    if folder is None:
        print(f"Building for Lambda needs {RUNTIME}. None is on the PATH or under pyenv: uv downloads one.", flush=True)
        folder = install_runtime(tools / "uv")
    if folder is None:
        print(f"There is no {RUNTIME}. Install it, so that it is on the PATH or under pyenv.", file=sys.stderr)
        return 1
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"}
    status = subprocess.run([tools / "sam", "build", *sys.argv[1:]], cwd=_CHECKOUT, env=environment).returncode
    if status != 0:
        return status
    build_dir = _build_dir(sys.argv[1:])
    finish(build_dir, folder / RUNTIME)
    sizes = unzipped_sizes(build_dir)
    limits = size_limits(build_dir)
    for name, size in sorted(sizes.items(), key=lambda each: -each[1]):
        print(f"{name:30} {size / _MB:6.1f} of {limits[name] / _MB:.0f} MB, unzipped")
    if any(size > limits[name] for name, size in sizes.items()):
        print("A function is too large.", file=sys.stderr)
        return 1
    build_site(_CHECKOUT, _CHECKOUT / ".aws-sam" / "site")
    return 0


def _build_dir(arguments: list[str]) -> Path:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--build-dir", "-b", type=Path, default=Path(".aws-sam") / "build")
    folder: Path = parser.parse_known_args(arguments)[0].build_dir
    return _CHECKOUT / folder


def finish(build_dir: Path, runtime: Path) -> None:
    """Reduce the layers, compile everything, and fix the times."""
    for folder in sorted(path for path in build_dir.iterdir() if path.is_dir()):
        packages = folder / "python"
        if packages.is_dir():
            reduce_layer(packages)
            compile_modules(packages, runtime, "/opt/python")
        else:
            compile_modules(folder, runtime, "/var/task")
        fix_times(folder)


def size_limits(build_dir: Path) -> dict[str, int]:
    """Return the largest size in bytes that each function may have, by its logical id."""
    template = read_source(build_dir / "template.yaml")
    return {
        name: MAX_MODEL_BYTES if _MODEL_LAYERS & set(_layers(template, properties)) else MAX_FAST_BYTES
        for name, properties in _functions(template)
    }


def unzipped_sizes(build_dir: Path) -> dict[str, int]:
    """Return the bytes of each function with all of its layers, by its logical id."""
    template = read_source(build_dir / "template.yaml")
    sizes = {folder.name: _size(folder) for folder in build_dir.iterdir() if folder.is_dir()}
    return {
        name: sizes[name] + sum(sizes.get(layer, 0) for layer in _layers(template, properties))
        for name, properties in _functions(template)
    }


def _layers(template: dict[str, Any], properties: dict[str, Any]) -> list[str]:
    """Return the logical ids of a function's layers."""
    return [layer["Ref"] for layer in [*template["Globals"]["Function"]["Layers"], *properties.get("Layers", [])]]


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
