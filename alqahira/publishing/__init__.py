"""What is published: parts, manifest, schemas, feeds."""
