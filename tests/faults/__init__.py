"""The public faults, one row each: how to set it up with the laboratory, and what the check must say about it.

`fault.py` has the types, `laboratory.py` the servers that rows share, `run.py` runs one row, ``*_faults.py`` hold the
rows by group and `catalogue.py` all of them. ``python tests/faults/record.py [ID …]`` records their facts anew.
"""
