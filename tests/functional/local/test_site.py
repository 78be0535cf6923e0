import socket
from pathlib import Path

import httpx
import pytest

from local.stack import LocalStack


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


def test_settings_have_the_stack_s_issuer(http: httpx.Client, stack: LocalStack) -> None:
    """The page's settings have the issuer of this stack."""
    assert http.get("/config.json").json() == {
        "stage": "local",
        "issuer": f"{stack.url}/local/issuer",
        "client_id": "pam-web",
        "demo": True,
    }


def test_missing_router_is_a_404(http: httpx.Client) -> None:
    """If no router is compiled, the page gets the API's 404."""
    response = http.get("/router.json")
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    "path",
    ["/../template.yaml", "/%2e%2e/template.yaml", "/..%2ftemplate.yaml", "//etc/passwd", "/%00"],
)
def test_path_outside_the_page_is_a_404(stack: LocalStack, path: str) -> None:
    """No path, however it is written, leads out of the folder of the page."""
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 404 " in answer.splitlines()[0]
