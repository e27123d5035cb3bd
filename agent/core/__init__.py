"""The vocabulary of the hub: immutable values that every other package speaks.

Owns the words (design: one word, one meaning). Knows nothing of files, sockets, time of day or
randomness: everything here is a value, and time is passed in as a `Stamp`.
"""
