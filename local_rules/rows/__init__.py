"""The rows of the safety table, by what they watch."""
