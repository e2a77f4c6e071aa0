"""Figures of a comparison: each is a function from `Comparison` to a matplotlib `Figure`, None without data.

Draw and save them with `reports.figures`, which sets the style around both.
"""
