"""The uplink against a real broker, a real platform process and a real journal file."""
