"""Tables, queries, the databases, the outbox and the migrations."""
