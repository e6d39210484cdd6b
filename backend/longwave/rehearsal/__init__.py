"""Virtual participants and a virtual clock that drive the real thing."""
