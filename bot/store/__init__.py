"""Tables, queries, the database thread, the outbox and the migrations."""
