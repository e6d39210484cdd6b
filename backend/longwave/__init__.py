"""Longwave: a platform that runs longitudinal studies."""

__version__ = "0.1.0"
