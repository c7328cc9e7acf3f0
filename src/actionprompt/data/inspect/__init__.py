"""What data files hold, and whether they are sound."""
