"""The pattern `threshold`, where the rehearsals and the oracle do not look."""
