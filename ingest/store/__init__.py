"""Series stores: the embedded one (packed chunks, one SQLite file a day), its twin in memory, and InfluxDB."""
