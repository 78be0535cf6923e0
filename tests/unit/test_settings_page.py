"""docs/settings.md has every parameter and variable, and every one is used."""

from collections.abc import Iterator
from pathlib import Path

from local.settings_page import OF_LIBRARIES, OF_THE_SHELL, PAGE, function_variables, render
from tests.conftest import CHECKOUT
from tests.environment_reads import variables_read
from tests.functional.sam import TEMPLATE

PACKAGE = ("layers/pam/pam/**/*.py", "functions/*/*.py")
TOOLS = ("local/**/*.py", "load/**/*.py", "bench/**/*.py", "monitoring/**/*.py", "training/**/*.py")
SUITE = ("tests/conftest.py", "tests/contract/*.py", "tests/functional/chat/*.py", "tests/functional/tools/*.py")

NOT_OF_THE_SHELL = {"SSL_CERT_FILE", "HTTP_AUTHORIZATION", "RAW_URI"}
"""The first is removed by the suite for itself; the others are of a request, in `local/stand_ins/aws.py`."""


def read_by(*patterns: str) -> set[str]:
    """The variables that modules read."""
    paths: Iterator[Path] = (path for pattern in patterns for path in CHECKOUT.glob(pattern))
    return {name for path in paths for name in variables_read(path)}


def test_page_is_that_of_the_template() -> None:
    """`make settings` writes it."""
    assert PAGE.read_text("utf-8") == render()


def test_functions_read_the_variables_that_the_template_sets() -> None:
    """Each variable has a reader: a setting, or a library; and each setting has a variable."""
    of_settings = read_by(*PACKAGE) - OF_THE_SHELL.keys() - OF_LIBRARIES.keys()
    assert function_variables(TEMPLATE).keys() == of_settings | OF_LIBRARIES.keys()


def test_commands_read_the_variables_that_are_described() -> None:
    """Those of a developer's shell, and no others."""
    read = read_by(*PACKAGE, *TOOLS, *SUITE) - function_variables(TEMPLATE).keys()
    assert read == OF_THE_SHELL.keys() | NOT_OF_THE_SHELL
