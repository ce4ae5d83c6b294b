"""ETSI GS QKD 014, our extension parameters: steps of 20-formats.py."""
from clauses import step
from etsi import exactly, gets, post, refused
from lib import check, equal
from wire import KEY

MORE = KEY | {"key_extension"}


def told(a, **expected):
    """What key_extension says, of the first key and of all."""
    equal(a.code, 200, str(a))
    first = dict(a.json["keys"][0]["key_extension"])
    for k in a.json["keys"]:
        equal(k["key_extension"], first, "of another key")
    age = first.pop("qkdnode_age", 0)
    check(type(age) is int and 0 <= age < 1 << 40, "qkdnode_age: %r" % age)
    # a chain has one path; none between applications of one node
    equal(first.pop("qkdnode_disjoint_paths", 1), 1, "paths")
    equal(first, expected, "key_extension")


@step("6.2", "mandatory-met")
def mandatory_met(net):
    """Ours, by the names in the table of extension parameters."""
    for slave, what, route in (
            ("SAE-B1", {"qkdnode_route_type": "direct"}, "direct"),
            ("SAE-C1", {"qkdnode_route_type": "any"}, "indirect"),
            ("SAE-C1", {"qkdnode_max_age": 86400000}, "indirect"),
            ("SAE-B1", {"qkdnode_max_age": 86400000,
                        "qkdnode_route_type": "direct"}, "direct")):
        for form in ([what], [{k: v} for k, v in what.items()]):
            a = post(net, {"number": 2, "extension_mandatory": form}, slave)
            told(a, qkdnode_route_type=route)
            gets(net, a, 2, 256, slave, MORE)
    gets(net, post(net, {"extension_mandatory": [{}]}))


@step("6.2", "mandatory-not-met")
def mandatory_not_met(net):
    for what in ({"qkdnode_route_type": "direct"}, {"qkdnode_max_age": 0},
                 {"qkdnode_min_disjoint_paths": 2}):
        a = post(net, {"extension_mandatory": [what]})
        exactly(a, "not all extension_mandatory request options could be met")
        equal(a.json["details"][0], {"extension_mandatory_unmet":
              list(what)[0] + " could not be met"}, "details")


@step("6.2", "mandatory-values")
def mandatory_values(net):
    """A value that our parameter does not have."""
    for name, value in (("qkdnode_route_type", "indirect"),
                        ("qkdnode_route_type", 1), ("qkdnode_max_age", "1"),
                        ("qkdnode_max_age", -1), ("qkdnode_max_age", 1.5),
                        ("qkdnode_min_disjoint_paths", 0),
                        ("qkdnode_min_disjoint_paths", 9),
                        ("qkdnode_min_disjoint_paths", "2")):
        refused(post(net, {"extension_mandatory": [{name: value}]}),
                name + " shall be")
    a = post(net, {"extension_mandatory": [{"qkdnode_max_age": 1},
                                           {"qkdnode_max_age": 2}]})
    refused(a, "twice")


@step("6.2", "optional-heeded")
def optional_heeded(net):
    """Met or not, there are keys, and they say what they are."""
    for slave, route in (("SAE-B1", "direct"), ("SAE-C1", "indirect")):
        for what in ({"qkdnode_route_type": "direct"},
                     {"qkdnode_max_age": 0},
                     {"qkdnode_min_disjoint_paths": 2}):
            a = post(net, {"extension_optional": [what, {"abc_x": 1}]}, slave)
            told(a, qkdnode_route_type=route)
            gets(net, a, 1, 256, slave, MORE)


@step("6.3", "container-with-extensions")
def container_with_extensions(net):
    """Only in the answer to the request that asked, and only there where
    the table of extension parameters says."""
    a = post(net, {"extension_optional": [{"qkdnode_route_type": "any"}]})
    told(a, qkdnode_route_type="indirect")
    equal(set(a.json), {"keys"}, "members of the container")
    gets(net, a, members=MORE)      # dec_keys says nothing of it
