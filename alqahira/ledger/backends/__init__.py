"""Where a ledger lives: what SQLite and PostgreSQL do differently, so that `ledger/` need not know.

Each has one writer at a time, by a lock that its holder's death releases; readers need none.
"""
