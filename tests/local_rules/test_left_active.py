"""The pattern `left_active`, where the rehearsals and the oracle do not look."""
