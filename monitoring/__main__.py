"""`python -m monitoring`: write the generated parts of template.yaml, and docs/metrics.md."""

from pathlib import Path

from monitoring.cloudwatch import BEGIN, END, template_text
from monitoring.page import metrics_page

CHECKOUT = Path(__file__).resolve().parent.parent


def replace_generated(template: str) -> str:
    """Return the template with the generated section as it has to be."""
    before, _, rest = template.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + template_text() + after


def main() -> None:
    """Write both files."""
    template = CHECKOUT / "template.yaml"
    template.write_text(replace_generated(template.read_text(encoding="utf-8")), encoding="utf-8")
    (CHECKOUT / "docs" / "metrics.md").write_text(metrics_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
