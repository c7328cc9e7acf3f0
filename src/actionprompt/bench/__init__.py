"""How fast models are, in ratios."""
