"""Every word that people read: the policy, its categories, and the messages. No code."""
