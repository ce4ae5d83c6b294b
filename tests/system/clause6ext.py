"""ETSI GS QKD 014, extension parameters: steps of 20-formats.py."""
from clauses import step
from etsi import exactly, gets, post
from lib import equal


def extension_types(net, name):
    for value in ("{}", '"x"', "1", "[1]", "[null]", '["x"]', "[[]]",
                  '[{"a":1},2]'):
        exactly(post(net, '{"%s":%s}' % (name, value)),
                name + " shall be an array of objects")
    gets(net, post(net, {name: []}))
    gets(net, post(net, {name: None}))


@step("6.2", "mandatory-is-an-array-of-objects")
def mandatory_types(net):
    extension_types(net, "extension_mandatory")


@step("6.2", "optional-is-an-array-of-objects")
def optional_types(net):
    extension_types(net, "extension_optional")


@step("6.2", "mandatory-unsupported")
def mandatory_unsupported(net):
    """Any name, any value; every name that is not known is listed."""
    values = (1, -1.5, "x", None, True, [], {}, {"a": [{"b": None}]})
    for value in values:
        a = post(net, {"extension_mandatory": [{"abc_x": value}]})
        exactly(a, "not all extension_mandatory parameters are supported")
        equal(a.json["details"], [{"extension_mandatory_unsupported":
                                   "abc_x is not supported"}], "details")
    a = post(net, {"extension_mandatory": [{"a b": 1, "\u00fc\"\\": 2},
                                           {"": 3}]})
    equal([list(d.values())[0] for d in a.json["details"]],
          [n + " is not supported" for n in ("a b", "\u00fc\"\\", "")],
          "names")


@step("6.2", "optional-is-ignored")
def optional_is_ignored(net):
    for value in (1, -1.5, "x", None, True, [], {}, {"a": [{"b": None}]}):
        gets(net, post(net, {"extension_optional": [{"abc_x": value}]}))
        gets(net, post(net, {"extension_optional": [
            {"qkdnode_min_disjoint_path": value}]}))
    gets(net, post(net, {"extension_optional": [{}, {"a": 1, "b": 2}]}))
