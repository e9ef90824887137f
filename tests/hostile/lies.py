"""Lies about the result: the body of a ``convert``, and what the owner has to make of it."""

import textwrap
from typing import Final

from wats_worker.sandbox.outcome import Fault

#: Headers that the child's own code would never write.
_HEADERS: Final = {
    "nothing": "b''",
    "no_json": "b'{'",
    "no_object": "b'[]'",
    "no_text": "b'\\xff\\xfe'",
    "no_kind": "json.dumps({'lengths': []}).encode()",
    "unknown_kind": "json.dumps({'kind': 'delivered', 'lengths': []}).encode()",
    "no_lengths": "json.dumps({'kind': 'converted', 'warnings': []}).encode()",
    "no_document": "json.dumps({'kind': 'converted', 'warnings': [], 'lengths': []}).encode()",
    "scores_for_a_conversion": "json.dumps({'kind': 'probed', 'scores': {}, 'faults': {}, 'lengths': []}).encode()",
    "warnings_of_numbers": "json.dumps({'kind': 'failed', 'detail': 1, 'trace': '', 'lengths': []}).encode()",
    "a_detail_of_a_megabyte": "json.dumps({'kind': 'bad', 'detail': 'x' * 900_000, 'lengths': []}).encode()",
    "endless_depth": "b'[' * 200_000 + b']' * 200_000",
    "a_number_of_a_million_digits": "b'{\"kind\":' + b'9' * 900_000 + b'}'",
}
#: Lengths that do not fit the documents, which are ``{}{}``.
_LENGTHS: Final = {
    "too_short": "[2]",
    "too_long": "[2, 3]",
    "negative": "[6, -2]",
    "zero": "[2, 0, 2]",
    "float": "[2.0, 2.0]",
    "true": "[True, 3]",
    "huge": "[2, 10**18]",
    "text": "'2'",
    "cutting_through": "[1, 3]",
}

_FORGED: Final = {
    **{f"header_with_{what}": f"forge({header})" for what, header in _HEADERS.items()},
    **{
        f"lengths_{what}": "forge(json.dumps({'kind': 'converted', 'warnings': [], 'lengths': "
        + lengths
        + "}).encode(), b'{}{}')"
        for what, lengths in _LENGTHS.items()
    },
    "header_beyond_the_end": "forge(b'{}', at=1 << 40)",
    "header_in_the_frame": "forge(b'{}', at=3)",
    "header_longer_than_the_memory": "forge(b'{}', length=1 << 31)",
    "other_magic": "forge(b'{}', magic=b'WJR2')",
    "documents_in_a_fault": "forge(json.dumps({'kind': 'bad', 'detail': '', 'lengths': [2, 2]}).encode(), b'{}{}')",
    "no_result": "os.write(channel(), b'!')\ntime.sleep(9)",
    "documents_that_are_none": "wsjf.dump = lambda report: b'[1]'\nyield report()",
    "documents_of_no_length": "wsjf.dump = lambda report: b''\nyield report()",
}

_OTHERS: Final = {
    "answers_with_something_else": ("os.write(channel(), b'?' * 1000)\ntime.sleep(9)", Fault.CRASHED),
    "hangs_up": ("os.closerange(0, 50)\ntime.sleep(9)", Fault.CRASHED),
    "leaves_with_success": ("os._exit(0)", Fault.CRASHED),
    "an_exception_that_can_not_be_told": (
        """
        class Mute(Exception):
            def __str__(self):
                raise self
        raise Mute
        """,
        Fault.FAILED,
    ),
    "an_exception_of_16_megabytes": ("raise ValueError('x' * (1 << 24))", Fault.FAILED),
    "an_exception_of_half_a_letter": ("raise ValueError('\\ud800')", Fault.FAILED),
    "a_refusal_of_no_text": ("raise base.Refused({1: 2})", Fault.FAILED),
    "an_alarm": ("signal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(9)", Fault.CRASHED),
    "a_million_warnings": (
        "source.warnings += [str(n) * 99 for n in range(10**5)]\nyield report()",
        "Converted",
    ),
    "warnings_that_are_no_texts": ("source.warnings.append(source)\nyield report()", "Converted"),
    "code_left_behind": ("import atexit\natexit.register(time.sleep, 9)\nyield report()", "Converted"),
}

#: By name: the body, and the fault or the outcome it has to lead to.
LIES: Final[dict[str, tuple[str, str]]] = {
    **{name: (body, Fault.BAD_RESULT) for name, body in _FORGED.items()},
    **{name: (textwrap.dedent(body).strip(), ending) for name, (body, ending) in _OTHERS.items()},
}
