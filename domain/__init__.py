"""The marketplace's vocabulary: orders, offers, drivers, events, units, errors and ports.

Imports nothing else of the project; every other room may import it.
"""
