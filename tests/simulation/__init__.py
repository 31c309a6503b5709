"""A simulated world for mapping sessions: its own time, server, sinks and books."""
