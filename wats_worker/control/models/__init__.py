"""What is said through the door, question and answer: read by the rooms, by the client, and by whoever has
the OpenAPI document.

Nothing here loads the web framework, so that the command line need not wait for it.
"""
