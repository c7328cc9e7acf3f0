"""Models by name: those that come with the package, those on the Hugging Face hub."""
