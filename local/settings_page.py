"""`python -m local.settings_page`: write docs/settings.md, the template's parameters and all environment variables."""

from pathlib import Path
from typing import Any

from local.template import read_source

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "settings.md"

OF_LIBRARIES = {
    "POWERTOOLS_LOG_LEVEL": "read by Powertools",
    "POWERTOOLS_SERVICE_NAME": "the function's name in logs and metrics",
    "PYDANTIC_DISABLE_PLUGINS": "read by pydantic",
}
"""What reads variables of functions that aren't settings of ours."""

OF_THE_SHELL = {
    "ANTHROPIC_API_KEY": ("`make run`", "Claude is called instead of its stand-in."),
    "DATABASE_URL": (
        "`make run`, `python -m pam.migrations`, `pam costs`",
        "A Postgres with pgvector, as the owner of its tables, instead of one that is started.",
    ),
    "EIA_API_KEY": ("`make run`", "EIA is called instead of its stand-in."),
    "GEMINI_API_KEY": ("`make run`", "Gemini is called instead of its stand-in."),
    "MAPBOX_TOKEN": ("`make run`", "Mapbox, Open-Meteo and the ECB are called instead of their stand-ins."),
    "OPENBLAS_NUM_THREADS": ("the stand-in for Gemini", "It sets it, unless you do: threads of an embedding."),
    "PAM_CASES": ("`make soak`", "How many cases tests generate."),
    "PATH": ("`make build`", "Where a Python 3.13 is looked for."),
    "PYENV_ROOT": ("`make build`", "Where pyenv has its Pythons; default `~/.pyenv`."),
    "TZ": ("`pam ask`", "The time zone of the question, instead of the system's."),
}
"""Variables that commands on a developer's machine read: which command, and what it does."""

_HEAD = """# Settings

Written by `make settings` from template.yaml. `tests/unit/test_settings_page.py` compares it with what the code reads.

## Parameters of template.yaml

`parameter_overrides` of a stage in `samconfig.toml` set them. What has no default must be given.

| parameter | default | values | what |
| --- | --- | --- | --- |
"""

_FUNCTIONS = """
## Variables of functions

template.yaml sets them; nobody else does. A missing or malformed one fails when a version is published, before
traffic reaches it. `local/deploy.py` adds `PARAMETERS_SHA256`, which nothing reads: it has versions published for
changed parameters.

| variable | value | functions |
| --- | --- | --- |
"""

_SHELL = """
## Variables of your shell

| variable | read by | what |
| --- | --- | --- |
"""


def function_variables(template: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the value of each variable, and which functions have it: `all`, or their names."""
    found = {name: (_value(value), "all") for name, value in _variables(template["Globals"]["Function"]).items()}
    owners: dict[str, list[str]] = {}
    values: dict[str, set[str]] = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            for variable, value in _variables(resource["Properties"]).items():
                owners.setdefault(variable, []).append(f"`{name.removesuffix('Function')}`")
                values.setdefault(variable, set()).add(_value(value))
    for variable, names in owners.items():
        value = values[variable].pop() if len(values[variable]) == 1 else "one each"
        found[variable] = (value, ", ".join(names) if len(names) <= 5 else f"{len(names)} of them")
    return found


def _variables(properties: dict[str, Any]) -> dict[str, Any]:
    variables: dict[str, Any] = properties.get("Environment", {}).get("Variables", {})
    return variables


def _value(value: Any) -> str:
    match value:
        case {"Ref": str() as name}:
            return f"`{name}`"
        case {"Fn::Sub": str() as text}:
            return f"`{text}`"
        case {"Fn::GetAtt": list() | str() as target}:
            return f"`{'.'.join(target) if isinstance(target, list) else target}`"
        case {"Fn::If": [str() as condition, yes, no]}:
            return f"{_value(yes)} if {condition}, else {_value(no)}"
        case {"Fn::Select": [_, [first, *_]]}:
            return _value(first)
        case "":
            return "empty"
        case str() | int() | float():
            return f"`{value}`"
    raise TypeError(f"no text for {value!r}")


def render() -> str:
    """Return the page."""
    template = read_source(CHECKOUT / "template.yaml")
    lines = [_HEAD]
    for name, spec in template["Parameters"].items():
        default = (
            f"`{spec['Default']}`" if spec.get("Default") not in (None, "") else ("empty" if "Default" in spec else "")
        )
        values = ", ".join(f"`{each}`" for each in spec.get("AllowedValues", ()))
        lines.append(f"| `{name}` | {default} | {values} | {spec['Description']} |\n")
    lines.append(_FUNCTIONS)
    for name, (value, functions) in sorted(function_variables(template).items()):
        about = f" ({OF_LIBRARIES[name]})" if name in OF_LIBRARIES else ""
        lines.append(f"| `{name}` | {value}{about} | {functions} |\n")
    lines.append(_SHELL)
    lines += [f"| `{name}` | {reader} | {what} |\n" for name, (reader, what) in sorted(OF_THE_SHELL.items())]
    return "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
