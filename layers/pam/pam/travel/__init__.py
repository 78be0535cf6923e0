"""Fuel, roads, weather, parks and prices: the rules; who knows the facts is in `upstream`."""
