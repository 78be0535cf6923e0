"""The documentation of the HTTP API."""

import json
import urllib.request

from playwright.sync_api import expect


def test_api_docs_describe_every_route_and_schema(app):
    """Each operation and schema of openapi.json has an entry, and each operation a link in the contents."""
    app.page.goto(f"{app.base_url}/api.html")
    with urllib.request.urlopen(f"{app.base_url}/openapi.json", timeout=30) as response:
        description = json.load(response)
    operations = [operation for methods in description["paths"].values() for operation in methods.values()]
    expect(app.page.locator("#description")).to_have_attribute("aria-busy", "false")
    entries = app.page.locator("article.entry")
    expect(entries).to_have_count(len(operations) + len(description["components"]["schemas"]))
    for operation in operations:
        expect(app.page.locator(f"article#{operation['operationId']}")).to_contain_text(operation["summary"])
        expect(app.page.locator(f"#contents a[href='#{operation['operationId']}']")).to_have_count(1)
