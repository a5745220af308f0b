"""The outside: HTTP interface, command line, client, login, the web page, and the wiring of everything below.

`wiring` and `wiring_ingest` are the only modules that name concrete adapters. Modules that a start imports stay light:
what is heavy is imported by the function that needs it.
"""
