"""Machines that wear, sensors that lie, and players of recorded data sets.

A fleet with a hidden truth that publishes over real MQTT like any plant. Only `forewarn.core` and the formats of
`forewarn.ingest` are used here, and neither models nor policies can see what is simulated.
"""
