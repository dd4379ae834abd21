"""SQL text to statements and segments, one module per dialect; pure: bytes in, offsets out, no I/O."""
