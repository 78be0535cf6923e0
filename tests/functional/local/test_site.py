import socket
from pathlib import Path

import httpx
import pytest

from local.stack import LocalStack


def test_page(http: httpx.Client, app: Path) -> None:
    """The page and its modules are served with the types that a browser insists on, and never from a stale cache."""
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


def test_config(http: httpx.Client, stack: LocalStack) -> None:
    """The page's settings name the issuer of this stack."""
    assert http.get("/config.json").json() == {
        "stage": "local",
        "issuer": f"{stack.url}/local/issuer",
        "client_id": "pam-web",
        "demo": True,
    }


def test_missing_router(http: httpx.Client) -> None:
    """Where no router was compiled, the page hears the API's 404."""
    response = http.get("/router.json")
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    "path",
    ["/../template.yaml", "/%2e%2e/template.yaml", "/..%2ftemplate.yaml", "//etc/passwd", "/%00"],
)
def test_no_way_out(stack: LocalStack, path: str) -> None:
    """No path, however it is written, leads out of the folder of the page."""
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 404 " in answer.splitlines()[0]
