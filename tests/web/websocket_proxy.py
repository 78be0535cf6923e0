"""A proxy between the page and the WebSocket gateway, to lose, delay and inject frames."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import WebSocketRoute

from tests.web.app_page import AppPage


class WebSocketProxy:
    """Forwards frames in both directions and records them.

    `on_server_frame` replaces how a frame of the server is forwarded; `on_client_frame` returns whether a frame of the
    page is forwarded.
    """

    def __init__(self, app: AppPage) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.client_frames: list[dict] = []
        self.server_frames: list[dict] = []
        self.on_server_frame: Callable[[WebSocketRoute, dict], None] = self.forward
        self.on_client_frame: Callable[[dict], bool] = lambda _frame: True
        app.page.route_web_socket(re.compile(r"^ws://127\.0\.0\.1"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        self.sockets.append(socket)

        def from_page(data: str) -> None:
            frame = json.loads(data)
            self.client_frames.append(frame)
            if self.on_client_frame(frame):
                server.send(data)

        socket.on_message(from_page)
        server.on_message(lambda data: self.on_server_frame(socket, json.loads(data)))

    def forward(self, socket: WebSocketRoute, frame: dict) -> None:
        """Send a frame of the server to the page."""
        self.server_frames.append(frame)
        socket.send(json.dumps(frame))

    def send_to_page(self, frame: dict) -> None:
        """Send an injected frame to the page over the latest socket."""
        self.sockets[-1].send(json.dumps(frame))

    def disconnect(self) -> None:
        """Close the latest socket."""
        self.sockets[-1].close(code=1001)

    def sent_frames(self, action: str) -> list[dict]:
        """Return the frames that the page sent with an action."""
        return [frame for frame in self.client_frames if frame["action"] == action]

    def reject_with(self, code: str, message: str, **fields: object) -> None:
        """Answer each frame of the page with an error instead of forwarding it.

        The error has the ids of the frame that it rejects.
        """

        def reject(frame: dict) -> bool:
            ids = {name: frame[name] for name in ("message_id", "confirmation_id") if name in frame}
            self.send_to_page({"type": "error", "code": code, "message": message} | fields | ids)
            return False

        self.on_client_frame = reject

    def forward_all(self) -> None:
        """Forward each frame of the page again."""
        self.on_client_frame = lambda _frame: True


def block_tickets(app: AppPage) -> None:
    """Make the page unable to connect."""
    app.route("**/v1/ws-ticket", lambda route: route.abort())


def unblock_tickets(app: AppPage) -> None:
    """Make the page able to connect again, and notify it."""
    app.unroute("**/v1/ws-ticket")
    app.page.evaluate("dispatchEvent(new Event('online'))")
