import base64
import hashlib
import json
import re
import socket
from pathlib import Path

import httpx
import pytest

from local import demo
from local.build import build_site
from local.page_files import FILES, render_manifest
from local.site import Site
from local.stack import CHECKOUT, LocalStack


def test_page_is_served_with_its_types(http: httpx.Client, app: Path) -> None:
    """The page and its modules are served with their content types, and revalidated on each request."""
    for path, file, kinds in (
        ("/", "index.html", ["text/html"]),
        ("/index.html", "index.html", ["text/html"]),
        ("/page.js", "page.js", ["text/javascript", "application/javascript"]),
        ("/page.css", "page.css", ["text/css"]),
    ):
        response = http.get(path)
        assert response.content == (app / "web" / file).read_bytes()
        assert response.headers["content-type"].split(";")[0] in kinds
        assert response.headers["cache-control"] == "no-cache"
        known = http.get(path, headers={"if-none-match": response.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")


def test_site_has_no_page_of_a_name_that_is_too_long(stack: LocalStack) -> None:
    """Requests before the API is up ask for it."""
    site = Site(CHECKOUT, stack.issuer, {})
    assert site.has("/index.html")
    assert not site.has(f"/{'x' * 300}")


def test_settings_have_the_stack_s_issuer(http: httpx.Client, stack: LocalStack) -> None:
    """The page's settings have the issuer of this stack."""
    assert http.get("/config.json").json() == {
        "stage": "local",
        "issuer": f"{stack.url}/local/issuer",
        "client_id": "pam-web",
        "demo": True,
        "demo_travellers": [{"id": str(each.id), "name": each.name} for each in demo.OTHERS],
    }


def test_missing_router_is_a_404(http: httpx.Client) -> None:
    """If no router is compiled, the page gets the API's 404."""
    response = http.get("/router.json")
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    "path",
    ["/../template.yaml", "/%2e%2e/template.yaml", "/..%2ftemplate.yaml", "//etc/passwd", "/%00", f"/{'x' * 300}"],
)
def test_path_outside_the_page_is_a_404(stack: LocalStack, path: str) -> None:
    """No path, however it is written, leads out of the folder of the page."""
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 404 " in answer.splitlines()[0]


@pytest.mark.parametrize("path", ["/", "/page.js", "/config.json", "/nothing/here"])
def test_every_response_has_the_security_headers(http: httpx.Client, path: str) -> None:
    """The page can't be framed, loads nothing from other hosts, and tells none where a link was followed."""
    headers = http.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://127.0.0.1:*"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "geolocation=(self)" in headers["permissions-policy"] and "camera=()" in headers["permissions-policy"]


def test_built_site_has_every_module_that_the_page_imports(tmp_path: Path) -> None:
    """The folder of the deployed page has the page, its libraries and what the local stack serves from elsewhere."""
    build_site(CHECKOUT, tmp_path / "site")
    files = {f"/{file.relative_to(tmp_path / 'site')}" for file in (tmp_path / "site").rglob("*") if file.is_file()}
    assert files >= FILES.keys()
    imported = {
        path
        for file in (tmp_path / "site").rglob("*.js")
        for path in re.findall(r'^import .* from "(/[^"]+)";', file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert imported and imported <= files


def test_list_of_files_has_their_hashes_and_a_version_of_files_and_headers(tmp_path: Path) -> None:
    """It has all that the page loads, but neither the worker, nor the pages that nobody needs without a connection."""
    site, again, other = tmp_path / "site", tmp_path / "again", tmp_path / "other"
    build_site(CHECKOUT, site)
    listed = json.loads((site / "page_files.json").read_text())
    for path, integrity in listed["files"].items():
        file = site / (path.lstrip("/") or "index.html")
        assert integrity == "sha256-" + base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()
    assert listed["files"].keys() >= {"/", "/app.js", "/css/page.css", "/vendor/dompurify.js", "/router.json"}
    assert not listed["files"].keys() & {"/service_worker.js", "/page_files.json", "/api.html", "/index.html"}
    build_site(CHECKOUT, again)
    assert json.loads((again / "page_files.json").read_text()) == listed
    build_site(CHECKOUT, other, ["wss://socket.example"])
    changed = json.loads((other / "page_files.json").read_text())
    assert changed["files"] == listed["files"] and changed["version"] != listed["version"]


def test_list_of_files_is_of_the_files_that_are_served(http: httpx.Client, app: Path) -> None:
    """Its response is never stored, so that an edit of a file is another version at the next request."""
    response = http.get("/page_files.json")
    assert response.headers["cache-control"] == "no-store"
    files = {f"/{file.relative_to(app / 'web')}" for file in (app / "web").rglob("*") if file.is_file()}
    assert response.json()["files"].keys() == files - {"/index.html"} | {"/"}


def test_edited_file_makes_another_version(tmp_path: Path) -> None:
    """Only the hash of the edited file changes."""
    (tmp_path / "web").mkdir()
    for name in ("index.html", "page.js"):
        (tmp_path / "web" / name).write_text("one")
    before = json.loads(render_manifest(tmp_path, {}))
    (tmp_path / "web" / "page.js").write_text("two")
    after = json.loads(render_manifest(tmp_path, {}))
    assert after["version"] != before["version"]
    assert after["files"]["/"] == before["files"]["/"]
    assert after["files"]["/page.js"] != before["files"]["/page.js"]
