"""The header by which the stand-in for AWS says how long it worked on a request, apart from what that imports."""

DURATION_HEADER = "x-duration-ms"
"""In milliseconds. Benchmarks subtract it: AWS's own time is another."""
