"""How long the bytes of archived files are kept, and who may have them kept longer.

rules  which files' time is over; pure
holds  what must not go, whatever the rules say
purge  takes the bytes away, and writes down of which files and why

A record stays when its bytes go: what a file was, what came of it, and that a rule took its bytes.
"""
