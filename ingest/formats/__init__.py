"""Wire formats: bytes of one message -> readings, waveforms, or a reason. Pure, each with `decode` and `encode`."""
