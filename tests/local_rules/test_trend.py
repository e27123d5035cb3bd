"""The pattern `trend`, where the rehearsals and the oracle do not look."""
