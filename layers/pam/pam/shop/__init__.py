"""The shop: its catalogue, carts, and orders."""
