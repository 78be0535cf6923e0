"""`python -m local.openapi`: writes the description of the HTTP API, and the page's types."""

from local.openapi import (
    CHECKOUT,
    FILE,
    FRAME_TYPES_FILE,
    TYPES_FILE,
    describe,
    render,
    render_frame_types,
    render_types,
)

document = describe()
(CHECKOUT / FILE).write_text(render(document), encoding="utf-8")
(CHECKOUT / TYPES_FILE).write_text(render_types(document), encoding="utf-8")
(CHECKOUT / FRAME_TYPES_FILE).write_text(render_frame_types(), encoding="utf-8")
