"""Wartemarke: a support bot that tells what is covered and serves first come, first served. Knows no platform."""
