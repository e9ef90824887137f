"""The database in which files are found: one row for each file, and one for each of its reports.

    tables       what is in it
    opening      opens it, and brings it to this release's schema by the steps in ``migrations``
    rows         what a file comes to in it: from its record in the archive, or from the journal before that
    catalogue    writes and reads
    entry        what is told of a file that was found
    finding      which files are wanted, and how they are asked for page by page
    feed         what the journal tells of files that are on their way
    numbers      counts what is in it, for people
    rebuilding   makes all of it again from the archive

It remembers nothing that is not told somewhere else, so losing it costs the time to rebuild it.
"""
