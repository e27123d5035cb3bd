"""The small state machines that carry the catalogue; each is a `Pattern` of `local_rules.rule`."""
