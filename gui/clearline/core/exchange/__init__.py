"""Sharing connections: files of ours and of other programs in, files of ours out.

`reading` recognises a file by its content and reads it, `planning` compares what was read with what is saved, `saving`
saves what the user chose; `ours` and `encrypted` write files for others, `uri_copy` one connection string.
What it brings may have to ask before the first connect: that is `core/consent`.
"""
