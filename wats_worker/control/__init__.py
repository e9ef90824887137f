"""The one door to a running line: an HTTP API with tokens, limits and versions, and its client.

desk      what the rooms behind the door work with
door      who may come in, and how often
problems  how a refusal reads
api       the rooms, put together
serving   where it listens
models    what is said, question and answer
client    the other side, typed
"""
