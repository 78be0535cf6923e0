"""Adapters to third-party services, one module each. They return the types of `pam.travel`."""
