"""What travellers show and say to each other: names, friendships, direct messages, posts."""
