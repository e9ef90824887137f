"""Files in the archive as they were when they were delivered, for tests of what is done with them later."""

import hashlib
import shutil

from worker.claimables import claimable

from wats_broker.messages import FileSeen
from wats_worker.archive.record import Blob, KeptFile, KeptReport
from wats_worker.convert.accept import report_id
from wats_worker.spool.made import Making, ReportCard


def kept(line, serial, *reports, how=None, about=None):
    """Put a file of the first source into the archive, with the bodies of its reports; its id.

    ``about`` is what its reports tell.
    """
    folder = line.settings.sources[0].folder
    (folder / f"{serial}.log").write_text(serial)
    file = claimable(folder, f"{serial}.log")
    line.spool.claim([file], keep=True)
    card = line.spool.meta(file.file_id)
    line.journal.seen(FileSeen(file.file_id, "ict", card.name, card.size))
    content = serial.encode()
    original = Blob(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    line.archive.keep(original, [content])
    bodies = b"".join(reports)
    whole = Blob(sha256=hashlib.sha256(bodies).hexdigest(), size=len(bodies))
    line.archive.keep(whole, [bodies])
    found, at = [], 0
    for number, body in enumerate(reports):
        card_ = ReportCard(report_id=report_id(file.file_id, number), **(about or {}))
        digest = hashlib.sha256(body).hexdigest()
        receipts = ({"stored_as": f"theirs-{serial}"},)
        found.append(KeptReport(card=card_, sha256=digest, offset=at, size=len(body), receipts=receipts))
        at += len(body)
    record = KeptFile(
        edition=1,
        archived_at=0,
        card=card,
        original=original,
        how=how or Making(converter="hostile", version="1"),
        reports=tuple(found),
        bodies=whole,
    )
    line.archive.add(record)
    line.catalogue.enter([record])
    shutil.rmtree(line.spool.root / "files" / file.file_id)
    return file.file_id
