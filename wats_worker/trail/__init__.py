"""The audit trail: who did what to the line, in lines that nobody can change without being found out.

    audit/
      2026-11-23.jsonl            the lines of one day (UTC); each names the hash of the one before it
      head.json                   how far the trail goes, signed; so a cut-off end is noticed
      manifests/2026-11-23.json   the day as it was: its lines and what was archived, signed, each naming the
      manifests/2026-11-23.list   hash of the one before it; and the archive's records of the day, one a line
      public-key                  what the signatures are checked with
      key                         what they are made with; for us alone

entry      one line, as it is written and read
book       the lines, written by one process at a time
seal       the signatures
manifests  the days, sealed
proof      what was changed, is missing or was added
acts       question and outcome put together, as people read them
"""
