"""What the bot does: one module per use case, each an async function with a transaction in hand."""
