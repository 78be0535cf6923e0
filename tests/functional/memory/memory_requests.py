"""Requests of a traveller about what is remembered."""

from typing import Any

from tests.conftest import Traveller


def listed(traveller: Traveller, kind: str = "facts", **parameters: Any) -> list[dict[str, Any]]:
    reply = traveller.http.get("/v1/memories", params={"kind": kind, **parameters})
    assert reply.status_code == 200, reply.text
    memories: list[dict[str, Any]] = reply.json()["memories"]
    return memories


def select(traveller: Traveller, **body: Any) -> dict[str, Any]:
    reply = traveller.http.post("/v1/memories/selections", json=body)
    assert reply.status_code == 201, reply.text
    selection: dict[str, Any] = reply.json()
    return selection


def delete(traveller: Traveller, path: str, status: int = 200, **headers: str) -> dict[str, Any]:
    reply = traveller.http.delete(f"/v1/memories/{path}", headers=headers)
    assert reply.status_code == status, reply.text
    body: dict[str, Any] = reply.json()
    return body


def correct(traveller: Traveller, fact: int, value: str) -> str:
    """Correct a fact on the page; return the address of its undo."""
    reply = traveller.http.patch(f"/v1/memories/facts/{fact}", json={"value": value})
    assert reply.status_code == 200, reply.text
    address: str = reply.json()["undo"]["href"]
    return address
