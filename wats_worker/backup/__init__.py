"""A factory in one file, made while the line runs, and a factory made of it.

    places     which folders and files there are to copy: the one place that names them
    elsewhere  what lies in an object store: named, not copied
    still      holds a folder still for as long as copying it takes
    pack       the file itself: a tar, and in it the checksum of everything else
    secrets    the secrets, under a passphrase
    make       a factory to a file
    check      whether a file is whole
    restore    a file to a factory
    retention  which files are old enough to go

The spool is the truth, so its copy comes first, what the broker remembers afterwards, and the line puts
together by itself what does not fit: reports have the same ids for ever, so what is sent again is known.
"""
