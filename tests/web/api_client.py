"""An HTTP client for the API, to compare the page with what is stored."""

import json
import urllib.parse
import urllib.request

TIMEZONE = "America/Denver"


class ApiClient:
    """Requests to the API with the demo traveller's token."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        config = self._fetch(urllib.request.Request(f"{base_url}/config.json"))
        form = {"client_id": config["client_id"], "grant_type": "client_credentials"}
        self.token = self._fetch(
            urllib.request.Request(f"{config['issuer']}/token", urllib.parse.urlencode(form).encode())
        )["access_token"]

    def get(self, path: str, **parameters: str) -> dict:
        url = f"{self.base_url}/v1/{path}?{urllib.parse.urlencode(parameters)}"
        return self._fetch(urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token}"}))

    def spending_this_month(self, category: str = "") -> dict:
        parameters = {"period": "this_month", "timezone": TIMEZONE} | ({"category": category} if category else {})
        return self.get("spend-summary", **parameters)

    def count_this_month(self, category: str) -> int:
        """Return the number of this month's expenses in a category."""
        return self.spending_this_month(category)["count"]

    @staticmethod
    def _fetch(request: urllib.request.Request) -> dict:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
