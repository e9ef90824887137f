"""How what has arrived gets into the spool and on its way, wherever it came from: a folder or a poll.

``wanted`` says which names are files to take, ``take`` reserves room, claims and sends, ``turns`` lets the
urgent go first while there is not room for all, ``troubles`` tells what can't be taken.
"""
