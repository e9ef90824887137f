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
    "no_kind": "json.dumps({}).encode()",
    "unknown_kind": "json.dumps({'kind': 'delivered'}).encode()",
    "no_document": "json.dumps({'kind': 'converted', 'warnings': []}).encode()",
    "scores_for_a_conversion": "json.dumps({'kind': 'probed', 'scores': {}, 'faults': {}}).encode()",
    "warnings_of_numbers": "json.dumps({'kind': 'failed', 'detail': 1, 'trace': ''}).encode()",
    "a_detail_of_a_megabyte": "json.dumps({'kind': 'bad', 'detail': 'x' * 900_000}).encode()",
    "endless_depth": "b'[' * 200_000 + b']' * 200_000",
    "a_number_of_a_million_digits": "b'{\"kind\":' + b'9' * 900_000 + b'}'",
}
_CONVERTED: Final = "json.dumps({'kind': 'converted', 'warnings': []}).encode()"
#: What comes before the header, where there should be reports.
_BEFORE: Final = {
    "no_frames": "b'{}{}'",
    "zeros": "bytes(1000)",
    "a_report_longer_than_said": "frame(b'{\"a\":1}', length=2)",
    "a_report_shorter_than_said": "frame(b'{}', length=9)",
    "an_empty_report": "frame(b'{}') + frame(b'')",
    "another_kind": "frame(b'{}', b'X')",
    "another_kind_of_endless_length": "frame(b'{}', b'X', length=0xFFFFFFFF)",
    "a_header_as_well": "frame(b'{}', b'H')",
    "a_header_of_endless_length": "frame(b'{}', b'H', length=0xFFFFFFFF)",
    "a_list": "frame(b'[1]')",
    "a_report_of_more_values_than_are_read": "frame(b'{\"a\":[' + b'[],' * 2000 + b'[]]}')",
}

_FORGED: Final = {
    **{f"header_with_{what}": f"forge({header})" for what, header in _HEADERS.items()},
    **{what: f"forge({_CONVERTED}, {before})" for what, before in _BEFORE.items()},
    "two_results": f"forge({_CONVERTED}, frame(b'{{}}'), frame(b'{{}}') + frame({_CONVERTED}, b'H'))",
    "a_byte_behind": f"forge({_CONVERTED}, frame(b'{{}}'), b'!')",
    "reports_in_a_fault": "forge(json.dumps({'kind': 'bad', 'detail': ''}).encode(), frame(b'{}') * 2)",
    "reports_of_one_who_was_only_asked": "forge(json.dumps({'kind': 'probed', 'scores': {}, 'faults': {}}).encode(), frame(b'{}'))",
    "no_result": "os.write(channel(), b'!')\ntime.sleep(9)",
    "documents_that_are_none": "wsjf.dump = lambda report: b'[1]'\nyield report()",
    "documents_of_no_length": "wsjf.dump = lambda report: b''\nyield report()",
}

_OTHERS: Final = {
    "a_report_of_more_bytes_than_are_read": (
        f"forge({_CONVERTED}, frame(b'{{' + b'x' * 1_499_998 + b'}}'))",
        Fault.TOO_MUCH_OUTPUT,
    ),
    "a_report_that_says_it_is_endless": (
        f"forge({_CONVERTED}, frame(b'{{}}', length=0xFFFFFFFF))",
        Fault.TOO_MUCH_OUTPUT,
    ),
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
    "a_refusal_that_clears_the_screen": ("raise base.Refused('\x1b[2J\x9bgone')", "Refusal"),
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
