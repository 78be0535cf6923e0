"""Vehicles of a user, their fuel log and their maintenance."""
