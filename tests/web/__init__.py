"""A package, so that its tests share a browser, which ends with them."""
