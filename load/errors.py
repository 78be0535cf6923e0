"""The error of a load test that says nothing about the system under load."""


class LoadError(Exception):
    """The load or a fault was not generated, or not to its end."""
