"""Real things for tests to start from."""
