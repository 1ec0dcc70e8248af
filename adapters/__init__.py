"""Chats: each translates a platform to events and effects, and decides nothing."""
