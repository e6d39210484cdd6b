"""Tidy tables of a study, with their codebook, in a folder that analysts can rely on."""

from longwave.export.package import Manifest
from longwave.export.write import DEFAULT_FORMATS, DEFAULT_LAYOUTS, write_export

__all__ = ["DEFAULT_FORMATS", "DEFAULT_LAYOUTS", "Manifest", "write_export"]
