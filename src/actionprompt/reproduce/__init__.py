"""``actionprompt reproduce``: the paper's tables and figures as grids of training runs.

``scales`` says how large the models are, ``tables`` which runs make which table, ``grid`` where a run lies and whether
it is done, ``execute`` trains and evaluates one, ``results`` is what remains of it, ``published`` what is kept of many.
``cells``, ``sheets``, ``notes`` and ``render`` make the tables, ``figures`` the figures. The paper's own numbers are in
``paper.json``.
"""
