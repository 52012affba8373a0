"""Trains Firstread's models. Data come from `firstread prepare`, the serving code itself; see ../README.md."""
