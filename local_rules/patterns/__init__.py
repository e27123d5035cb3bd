"""The small state machines that carry the catalogue. So far there is one: `report`."""
