"""What is kept of every file that went through the line, for as long as the factory wants.

    files/<aa>/<file_id>/<edition>   the record of a file, see ``record``; another one after each replay
    blobs/<aa>/<sha256>              bytes under their own checksum; the same bytes lie there once
    blobs/<aa>/<sha256>.<piece>      the same, for what is too large for one piece

All of it is compressed. It lies in a ``Store``, a folder or a bucket, and nothing in it is ever changed: what
is there was finished when it was written. The catalogue is made of it and can be made of it again.
"""
