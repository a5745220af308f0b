"""InfluxDB beside the embedded store: line protocol out, InfluxQL in, and a cursor of its own in the journal."""
