"""Is this covered? Reads the policy and matches a message to what it says. Pure: no network, no database, no clock."""
