"""The policy in moderators' hands: posting, editing, versions, and learning from mistakes."""
