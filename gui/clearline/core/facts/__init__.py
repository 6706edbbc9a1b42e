"""What the probes learn: frozen values, one per question, free of secrets and of exception texts that decide anything.

They are plain data (JSON in, JSON out), so that the facts of a real fault can be recorded and the rules be tested on
them without any network. Times are milliseconds; ``elapsed_ms`` counts from the start of that question. One module per
subject; `whole` holds all that one check has learnt.
"""
