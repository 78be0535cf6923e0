"""The files of the page, those that a browser stores to open it without a connection, and their version."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

FILES = {
    "/router.json": Path("layers/pam/pam/routing/automaton.json"),  # the compiled router: the page runs it too
    "/openapi.json": Path("docs/openapi.json"),
    # Libraries of the page, each a single ES module; installed by npm.
    "/vendor/markdown-it.js": Path("node_modules/markdown-it/dist/browser/markdown-it.esm.min.mjs"),
    "/vendor/dompurify.js": Path("node_modules/dompurify/dist/purify.es.mjs"),
    "/vendor/oauth4webapi.js": Path("node_modules/oauth4webapi/build/index.js"),
}
"""Files that are served from other folders of the checkout than web/, by their paths in a URL."""

MANIFEST_PATH = "/page_files.json"

_WORKER = "/service_worker.js"  # which the browser itself stores and compares
_INDEX = "/index.html"
_API_PAGE = {"/api.html", "/api_docs.js", "/css/api.css", "/openapi.json"}  # no part of what travellers use
_SUFFIXES = {".html", ".js", ".css", ".svg", ".png", ".json", ".webmanifest"}


def render_manifest(checkout: Path, headers: Mapping[str, str]) -> str:
    """Return the JSON that web/service_worker.js reads: `version`, and `files` with hashes as of Subresource Integrity.

    `headers` are those that the page is served with; the version is of them and of the contents. Files that don't exist
    are left out: without the router the page has no previews.
    """
    files = {path: _integrity(file) for path, file in sorted(_offline_files(checkout).items()) if file.is_file()}
    version = hashlib.sha256(json.dumps([files, dict(headers)], sort_keys=True).encode()).hexdigest()[:16]
    return json.dumps({"version": version, "files": files}, indent=1) + "\n"


def _offline_files(checkout: Path) -> dict[str, Path]:
    web = checkout / "web"
    files = {f"/{file.relative_to(web).as_posix()}": file for file in web.rglob("*") if file.suffix in _SUFFIXES}
    files |= {path: checkout / file for path, file in FILES.items()}
    if _INDEX in files:
        files["/"] = files.pop(_INDEX)
    return {path: file for path, file in files.items() if path not in _API_PAGE and path != _WORKER}


def _integrity(file: Path) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()
