"""The paper's figures, drawn with matplotlib (extra ``plots``)."""
