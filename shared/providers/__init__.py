"""One adapter folder per provider over one small protocol, one transport and one way of pacing."""
