import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from local.sockets import listen

MAIN = "import sys; from pathlib import Path; from local.__main__ import main; sys.exit(main(Path(sys.argv.pop(1))))"


def test_main(tmp_path: Path) -> None:
    """`python -m local` takes another port where its own is taken, prints one URL at the end, and ends when told to.

    Beside it, a second one with the same state says what is wrong and gives up.
    """
    with listen() as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-c", MAIN, str(tmp_path), "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                lines = []
                for line in process.stdout:
                    lines.append(line.strip())
                    if line.startswith("PAM is at "):
                        break
                assert lines[0] == f"Port {port} can't be used: Address already in use. Taking another one."
                assert any(line.endswith(" s  Postgres") for line in lines)
                assert any("Demo traveller: a year on the road" in line for line in lines)
                url = lines[-1].split()[3]
                note = tmp_path / "stack.json"
                assert json.loads(note.read_text(encoding="utf-8")) == {"url": url, "pid": process.pid}

                second = subprocess.run([*command[:4], "--port", "0"], capture_output=True, text=True, timeout=60)
                assert second.returncode == 1
                assert "Another PAM is running" in second.stderr

                httpx.get(f"{url}/config.json", trust_env=False).raise_for_status()
            finally:
                ended = time.monotonic()
                process.send_signal(signal.SIGTERM)
                process.wait(60)
            rest = process.stdout.read()
    assert process.returncode == 0
    assert time.monotonic() - ended < 30
    assert "GET /config.json 200 " in rest
    assert not note.exists()
