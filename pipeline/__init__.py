"""The use cases that join ingest, models and maintenance.

Assess what has new data, advise on it, verify closed work, learn from it. Each use case takes ports and values of
`forewarn.core`; which database or broker stands behind a port is decided in `forewarn.api.wiring`.
"""
