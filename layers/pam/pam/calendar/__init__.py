"""The user's calendar: events at times of a time zone, or of whole days."""
