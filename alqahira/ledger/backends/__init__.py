"""What SQLite and PostgreSQL do differently.

Each allows one writer at a time, under a lock that is released when its holder dies; readers need no lock.
"""
