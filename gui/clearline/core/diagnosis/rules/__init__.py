"""Rules by stage: pure functions from facts to findings.

A module's ``RULES`` look at all facts. Its ``MEMBER_RULES`` explain, for one server whose TCP port opened, why hello in
the profile's own way did not succeed; the first that matches counts. They never read a text that a server or the
system wrote for people; the first bytes of a foreign protocol are no such text.
"""
