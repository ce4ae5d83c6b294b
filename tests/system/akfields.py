"""Tables 4, 7, 8 and 11 of Q.4161: each member with values that it must not
have (doc/profile.md, section 2)."""
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
BIG = 2 ** 64
COUNTS = (0, -1, 1.5, 1.0, "1", True, None, [1], BIG)
TEXTS = (None, 1, True, [], {})
EXTENSIONS = ({}, None, "x", 1, [1], [[]], [None],
              [{"extension_mandatory": {}}], [{"extension_mandatory": [1]}],
              [{"extension_optional": "x"}])
NOT_JSON = (b"", b"[]", b"{", b"null", b"{}{}", b'{"x": "\xff"}',
            b'{"x":' * 17 + b"1" + b"}" * 17, b'{"x": 1, "x": 1}',
            b'{"x": "\\u0000"}')


def without(base, name):
    return {k: v for k, v in base.items() if k != name}


def variants(base, table):
    """(payload, a word of the refusal): each member wrong in each way."""
    for name, mandatory, values in table:
        if mandatory:
            yield without(base, name), name + " is missing"
        for v in values:
            yield dict(base, **{name: v}), name if v != BIG else ""


# (member, mandatory, wrong values)
IDS = (*TEXTS, "", "x" * 292, "a\x01b", "\x7f")
UUIDS = (*TEXTS, "", "x", UNKNOWN + "0", UNKNOWN.replace("-", ""),
         "g" + UNKNOWN[1:])
OPENING = (("application_source_ID", True, IDS),
           ("application_destination_ID", True, IDS),
           ("application_name", False, (*TEXTS, "x" * 1025)),
           ("number_of_keys", False, COUNTS),
           ("extension", False, EXTENSIONS))
DRAW = (("session_ID", True, UUIDS),
        ("number_of_keys", False, (*COUNTS, 621)),
        ("size_of_key", False, (*COUNTS, 7, 257, 8, 56)),
        ("extension", False, EXTENSIONS))
RESPONSES = (*TEXTS, "", "well done", "success ", "success:", ": x")
INVITED = (("session_ID", True, UUIDS), ("response", True, RESPONSES),
           ("extension", False, ({}, None, "x", [1])))
CONFIRMED = (*INVITED, ("key_ID", True, UUIDS), ("extension", False, (
    [{"key_IDs": {}}], [{"key_IDs": "x"}], [{"key_IDs": ["x"]}],
    [{"key_IDs": [1]}], [{"key_IDs": [{}]}], [{"key_IDs": [{"key_ID": 1}]}])))
