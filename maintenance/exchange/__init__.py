"""Tables in and out: CSV and XLSX with a preview of what would change, errors by row, cells that cannot run."""
