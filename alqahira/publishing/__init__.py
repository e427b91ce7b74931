"""What leaves the ledger: parts, manifest, schemas, feeds."""
