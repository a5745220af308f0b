"""Samples and slow signals -> numbers that follow wear (ISO 13374: DM).

Pure and vectorised over many windows; the same functions serve the stream, the training table and the notebook.
"""
