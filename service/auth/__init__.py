"""Who asks: what is presented with a request, a key or a token, becomes an ``Access``."""
