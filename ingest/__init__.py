"""From bytes on the wire to trusted readings on disk (ISO 13374: data acquisition).

Sources take messages in, the journal makes them durable before they are acknowledged, formats decode them, quality
rules sort them, and stores keep the series. Formats and quality rules are pure; sources, journal and stores do the I/O.
"""
