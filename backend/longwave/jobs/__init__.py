"""The clockwork: a tick that finds due work in rows, and a scheduler that only ticks."""
