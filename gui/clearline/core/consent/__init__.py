"""What is asked before the first connect, so that no file, link or pasted text talks this computer into anything.

`concerns` says what a connection wants that its reader should know of, `outside` which saved profiles came from
elsewhere, as all of a `portable` copy may do, `agreements` remembers what was agreed to. How it is asked is the matter
of the window and of the terminal.
"""
