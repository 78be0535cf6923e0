"""`python -m local.openapi`: writes the description of the HTTP API."""

from local.openapi import CHECKOUT, FILE, describe, render

(CHECKOUT / FILE).write_text(render(describe()), encoding="utf-8")
