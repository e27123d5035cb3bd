"""The hub itself: what happens between a sensor's bytes and a person who has answered."""
