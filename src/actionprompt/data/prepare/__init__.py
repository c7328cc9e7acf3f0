"""Converts data sets from their owners' form."""
