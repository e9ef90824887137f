"""Blobs under keys: in a folder of this machine, or in a bucket that every host reaches.

    store      the interface, ``Store``, and what it answers
    folder     a directory of this machine, or one that is mounted on several
    bucket     an S3-compatible object store, through ``obstore``
    opening    which of the two an address means
    trial      proves that a store keeps what the interface promises
    errors     what can go wrong

It knows nothing of files, reports or archives. Whoever needs more than one blob to change in one step has to
let one of them decide: nothing here spans two keys.
"""
