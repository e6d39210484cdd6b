"""``python -m longwave`` is ``longwave``."""

from longwave.entry import main

main()
