"""Generated tables of the RPCs."""
