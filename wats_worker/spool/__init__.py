"""The directory tree that holds every claimed file and every undelivered report: the truth about data.

    files/<file_id>/           a claimed file until it is finished
    quarantine/<file_id>/      the same folder after a rename, with the reason
    finished/<file_id>/        the same folder after a rename, when everything is delivered: to be archived
    incoming/                  half-made folders; only what lies here may be thrown away
    kept/<source>.jsonl        what was taken from a source whose files stay where they are
    polled/<source>/           what was taken from a source that is asked on a schedule, and where it goes on
    grown/<source>/            how far its growing files were taken
    removals/<file_id>.json    what is still to go from a watch folder, of a unit of several files
    zips/                      locks and undo notes of the zip files that post actions write

A file is in exactly one of the first three, because every change of place is one rename of its folder.
"""
