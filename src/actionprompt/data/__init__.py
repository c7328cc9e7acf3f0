"""Data sources. Each reads one kind of files into a :class:`~actionprompt.data.clip.Corpus`."""
