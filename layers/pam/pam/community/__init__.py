"""Contacts between users: public profiles, friendships, direct messages, posts."""
