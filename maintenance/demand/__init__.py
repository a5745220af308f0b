"""Demand for spare parts as a distribution over the lead time, each piece traced to what asks for it."""
