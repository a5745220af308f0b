"""The front door: an MQTT 3.1.1 and 5 listener that acknowledges after the disk write."""
