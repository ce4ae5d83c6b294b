#!/usr/bin/python3
"""ETSI GS QKD 014, clause 6 and annexes A and B, demand by demand: the steps
that the table in doc/etsi014.md names; and what of clause 5 needs pools that
nobody fills."""
import re
import time

from clauses import check_table, run_steps, step
from lib import Net, check, equal, run, wait_for
from wire import ask, keys_of, request, wire

KEYS = "/api/v1/keys/"
ENC, DEC = KEYS + "SAE-C1/enc_keys", KEYS + "SAE-A1/dec_keys"
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"
NOT_FOUND = "one or more keys specified are not found on KME"
MULTIPLE = "size shall be a multiple of 8"
WINDOW = 2                      # s, of redelivery
WAIT = 700                      # ms, for relay


def post(net, body, slave="SAE-C1", master="SAE-A1"):
    return ask(net, master, "POST", KEYS + slave + "/enc_keys", body)


def get(net, query, slave="SAE-C1"):
    return ask(net, "SAE-A1", "GET", KEYS + slave + "/enc_keys" + query)


def dec(net, body, sae="SAE-C1", master="SAE-A1"):
    return ask(net, sae, "POST", KEYS + master + "/dec_keys", body)


def key_ids(ids, **more):
    return dict({"key_IDs": [{"key_ID": i} for i in ids]}, **more)


def gets(net, a, number=1, size=256, slave="SAE-C1"):
    """This answer has those keys; their slave fetches them."""
    keys_of(a, number, size)
    keys = net.oracle.drawn("SAE-A1", slave, a.json, number, size)
    b = dec(net, key_ids([k.id for k in keys]), slave)
    equal(keys_of(b, number, size), [(k.id, k.octets) for k in keys], "keys")
    net.oracle.fetched(slave, [k.id for k in keys], b.json)


def draws(net, a, number=1, size=256, slave="SAE-C1"):
    keys_of(a, number, size)
    return net.oracle.drawn("SAE-A1", slave, a.json, number, size)


def refused(a, message, code=400):
    equal(a.code, code, str(a))
    check(message in a.message, "%r is not in %s" % (message, a))


def exactly(a, message, code=400):
    equal((a.code, a.message), (code, message), str(a))


def status(net, slave="SAE-C1", master="SAE-A1"):
    a = ask(net, master, "GET", KEYS + slave + "/status")
    equal(a.code, 200, str(a))
    return a.json


# ---- 6.1: one step for each item

TEXTS = {"source_KME_ID": "KME-A", "target_KME_ID": "KME-C",
         "master_SAE_ID": "SAE-A1", "slave_SAE_ID": "SAE-C1"}
SIZES = {"key_size": 256, "max_key_per_request": 128, "max_key_size": 65536,
         "min_key_size": 64}
COUNTS = ("stored_key_count", "max_key_count", "max_SAE_ID_count")


@step("6.1", "status-items")
def status_items(net):
    """Eleven members and no other; texts, and integers that fit 31 bits."""
    s = status(net)
    equal(set(s), set(TEXTS) | set(SIZES) | set(COUNTS), "members")
    for name in [*SIZES, *COUNTS]:
        check(type(s[name]) is int and 0 <= s[name] < 1 << 31,
              "%s: %r" % (name, s[name]))


def text_step(name):
    @step("6.1", name.replace("_", "-"))
    def text(net):
        equal(status(net)[name], TEXTS[name], name)


def size_step(name):
    @step("6.1", name.replace("_", "-"))
    def size(net):
        """As the configuration has it (the defaults)."""
        equal(status(net)[name], SIZES[name], name)
        s = status(net)
        check(0 < s["min_key_size"] <= s["key_size"] <= s["max_key_size"],
              "sizes: %s" % s)


for item in TEXTS:
    text_step(item)
for item in SIZES:
    size_step(item)


@step("6.1", "max-SAE-ID-count")
def max_sae_id_count(net):
    """The same for every pair; one more than that is refused (6.2)."""
    equal(len({status(net, s)["max_SAE_ID_count"]
               for s in ("SAE-B1", "SAE-C1", "SAE-A2")}), 1, "counts")


@step("6.1", "max-key-count")
def max_key_count(net):
    for slave in ("SAE-B1", "SAE-C1", "SAE-A2"):
        s = status(net, slave)
        check(0 < s["stored_key_count"] <= s["max_key_count"],
              "counts: %s" % s)


# ---- 6.2

@step("6.2", "number")
def number(net):
    most = status(net)["max_key_per_request"]
    for n in (1, 2, most):
        gets(net, post(net, {"number": n, "size": 64}), n, 64)
    for n in (0, -1, most + 1, 1 << 31, 1 << 32, 1 << 63, -10 ** 20):
        a = post(net, '{"number":%d}' % n)
        equal(a.code, 400, str(a))
    refused(post(net, {"number": most + 1}), "1 to %d" % most)
    refused(post(net, {"number": most + 1}), "max_key_per_request")


@step("6.2", "number-is-an-integer")
def number_is_an_integer(net):
    for text in ("1.5", "1.0", "1e1", '"3"', "null", "true", "[]", "{}",
                 "[1]"):
        for name in ("number", "size"):
            exactly(post(net, '{"%s":%s}' % (name, text)),
                    name + " shall be an integer")


@step("6.2", "number-by-default")
def number_by_default(net):
    gets(net, post(net, {"size": 128}), 1, 128)
    gets(net, get(net, "?size=128"), 1, 128)


@step("6.2", "size")
def size(net):
    s = status(net)
    low, high = s["min_key_size"], s["max_key_size"]
    for n in (low, low + 8, 72, 264, 1000, 4096, high):
        gets(net, post(net, {"size": n}), 1, n)
    for n in (low - 8, 32, 8, 0, -8, high + 8, 1 << 31, 1 << 32):
        refused(post(net, {"size": n}), "from %d (min_key_size) to %d "
                "(max_key_size) bits" % (low, high))


@step("6.2", "size-by-default")
def size_by_default(net):
    gets(net, post(net, {"number": 2}), 2, status(net)["key_size"])
    gets(net, get(net, "?number=2"), 2, status(net)["key_size"])


@step("6.2", "array-of-strings")
def array_of_strings(net):
    for value in ('"SAE-B1"', "{}", "null", "1", "[1]", "[null]", "[[]]",
                  '["SAE-B1",1]'):
        exactly(post(net, '{"additional_slave_SAE_IDs":%s}' % value),
                "additional_slave_SAE_IDs shall be an array of strings")
    gets(net, post(net, {"additional_slave_SAE_IDs": []}))


@step("6.2", "too-many-slaves")
def too_many_slaves(net):
    most = status(net)["max_SAE_ID_count"]
    a = post(net, {"additional_slave_SAE_IDs": [
        "SAE-%d" % i for i in range(most + 1)]})
    refused(a, "no more than %d entries (max_SAE_ID_count)" % most)


def extension_types(net, name):
    for value in ("{}", "null", '"x"', "1", "[1]", "[null]", '["x"]', "[[]]",
                  '[{"a":1},2]'):
        exactly(post(net, '{"%s":%s}' % (name, value)),
                name + " shall be an array of objects")
    gets(net, post(net, {name: []}))


@step("6.2", "mandatory-is-an-array-of-objects")
def mandatory_types(net):
    extension_types(net, "extension_mandatory")


@step("6.2", "optional-is-an-array-of-objects")
def optional_types(net):
    extension_types(net, "extension_optional")


@step("6.2", "examples")
def examples(net):
    """The three of the clause, as they stand there."""
    gets(net, post(net, '{\n  "number": 3,\n  "size": 1024\n}\n'), 3, 1024)
    a = post(net, """{
  "number": 1,
  "size": 4096,
  "additional_slave_SAE_IDs": [
    "ABCDEFGH",
    "HIJKLMN"
  ]
}""")
    equal(a.code, 400, str(a))          # who is registered nowhere
    a = post(net, """{
  "number": 20,
  "size": 512,
  "extension_mandatory": [
    {
      "abc_route_type": "direct"
    },
    {
      "abc_transfer_method": "qkd"
    }
  ],
  "extension_optional": [
    {
      "abc_max_age": 30000
    }
  ]
}""")
    exactly(a, "not all extension_mandatory parameters are supported")
    equal(a.json["details"], [
        {"extension_mandatory_unsupported": "abc_route_type is not "
                                            "supported"},
        {"extension_mandatory_unsupported": "abc_transfer_method is not "
                                            "supported"}], "details")


@step("6.2", "empty-request")
def empty_request(net):
    for body in (None, "", "{}", " \r\n\t", "{ }"):
        gets(net, post(net, body))


@step("6.2", "get-without-body")
def get_without_body(net):
    for query in ("", "?"):
        gets(net, get(net, query))
    for body in ("{}", " "):
        a = ask(net, "SAE-A1", "GET", ENC, body)
        exactly(a, "a body requires the POST method")


@step("6.2", "get-with-number-and-size")
def get_with_number_and_size(net):
    gets(net, get(net, "?number=3&size=1024"), 3, 1024)
    gets(net, get(net, "?size=128&number=2"), 2, 128)
    gets(net, get(net, "?%6eumber=%32&key_type=1&x&=&&"), 2)
    for query in ("number=", "number", "number=x", "number=+1", "number=-1",
                  "number=1.0", "number=1e1", "number=0x1", "number=1%00",
                  "number=%ff", "number=1,2", "number=0", "number=129",
                  "size=56", "size=65544", "size=99999999999999999999",
                  "number=1&number=1", "size=64&size=128",
                  "number=" + "1" * 70):
        equal(get(net, "?" + query).code, 400, query)


@step("6.2", "example-1")
def example_1(net):
    gets(net, get(net, "?number=3&size=1024"), 3, 1024)


@step("6.2", "all-else-is-post")
def all_else_is_post(net):
    for name in ("additional_slave_SAE_IDs", "extension_mandatory"):
        exactly(get(net, "?%s=SAE-B1" % name), name +
                " requires the POST method")
    for name in ("number", "size", "key_ID"):
        a = ask(net, "SAE-A1", "POST", ENC + "?%s=64" % name, "{}")
        exactly(a, "with POST, %s belongs into the body, not into the URL"
                % name)
    gets(net, ask(net, "SAE-A1", "POST", ENC + "?key_type=1", "{}"))


@step("6.2", "size-multiple-of-8")
def size_multiple_of_8(net):
    for n in (257, 65, 1, 12, -7, 65537, 100001, (1 << 62) + 1):
        exactly(post(net, {"size": n}), MULTIPLE)
        if n > 0:
            exactly(get(net, "?size=%d" % n), MULTIPLE)


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
    gets(net, post(net, {"extension_optional": [{}, {"a": 1, "b": 2}]}))


@step("6.2", "unknown-items")
def unknown_items(net):
    gets(net, post(net, '{"number":2,"additional_target_sae_ids":[],"x":'
                   '{"number":9},"Size":1,"y":1e3,"":null}'), 2)


# ---- 6.3

@step("6.3", "container")
def container(net):
    """The form, to the octet."""
    a = post(net, {"number": 2})
    check(re.fullmatch(rb'\{"keys":\[(\{"key_ID":"[0-9a-f-]{36}",'
                       rb'"key":"[A-Za-z0-9+/]{43}="\},?){2}\]\}', a.octets),
          "form of the container: %s" % a)
    gets(net, a, 2)


@step("6.3", "container-number")
def container_number(net):
    gets(net, post(net, {}), 1)
    gets(net, post(net, {"number": 9}), 9)


@step("6.3", "container-key-id")
def container_key_id(net):
    a = post(net, {"number": 3})
    for k in a.json["keys"]:
        check(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                           k["key_ID"]), "UUID: " + k["key_ID"])
    gets(net, a, 3)


@step("6.3", "container-key")
def container_key(net):
    """base64 with 0, 1 and 2 characters of padding."""
    for bits, tail in ((240, ""), (256, "="), (248, "==")):
        a = post(net, {"size": bits})
        text = a.json["keys"][0]["key"]
        check(text.endswith(tail) and text.count("=") == len(tail),
              "padding of %d bits: %s" % (bits, len(text)))
        gets(net, a, 1, bits)


@step("6.3", "container-without-extensions")
def container_without_extensions(net):
    """keys_of() knows of two members and refuses others."""
    gets(net, post(net, {"extension_optional": [{"abc_key_extension": 1}]}))


# ---- 6.4

@step("6.4", "key-ids")
def ids_in_an_array(net):
    keys = draws(net, post(net, {"number": 128, "size": 64}), 128, 64)
    ids = [k.id for k in keys]
    a = dec(net, key_ids(ids + [UNKNOWN]))
    refused(a, "no more than 128 keys (max_key_per_request)")
    a = dec(net, key_ids(ids))
    equal(keys_of(a, 128, 64), [(k.id, k.octets) for k in keys], "128 keys")
    net.oracle.fetched("SAE-C1", ids, a.json)


@step("6.4", "key-id")
def key_id(net):
    """Upper, lower and mixed case; what is no UUID is on no KME."""
    for change in (str.upper, str.lower, str.title):
        k = draws(net, post(net, {}))[0]
        a = dec(net, key_ids([change(k.id)]))
        equal(keys_of(a), [(k.id, k.octets)], "another case")
        net.oracle.fetched("SAE-C1", [k.id], a.json)
    for bad in ("", "x", UNKNOWN[:-1], UNKNOWN + "0", UNKNOWN.replace(
            "-", ""), "{%s}" % UNKNOWN, "urn:uuid:" + UNKNOWN, "g" + UNKNOWN[
            1:], " " + UNKNOWN, "\u00fc" * 18, "x" * 1000):
        exactly(dec(net, key_ids([bad])), NOT_FOUND)


@step("6.4", "key-ids-twice")
def key_ids_twice(net):
    keys = draws(net, post(net, {}))
    refused(dec(net, key_ids([keys[0].id, keys[0].id])), "twice")
    refused(dec(net, key_ids([keys[0].id, keys[0].id.upper()])), "twice")
    a = dec(net, key_ids([keys[0].id]))
    net.oracle.fetched("SAE-C1", [keys[0].id], a.json)


@step("6.4", "key-id-extension")
def key_id_extension(net):
    """Extensions for future use are read over."""
    k = draws(net, post(net, {}))[0]
    a = dec(net, {"key_IDs": [{"key_ID": k.id, "key_ID_extension": {"x": 1},
                               "master_SAE_ID": "SAE-A1"}]})
    equal(keys_of(a), [(k.id, k.octets)], "key_ID_extension")
    a = dec(net, key_ids([k.id], key_IDs_extension={"y": [2]}, z=None))
    equal(keys_of(a), [(k.id, k.octets)], "key_IDs_extension")
    net.oracle.fetched("SAE-C1", [k.id], a.json)


@step("6.4", "key-ids-example")
def key_ids_example(net):
    """The example of the clause: no such keys here, and it says so."""
    a = dec(net, """{
  "key_IDs": [
    {
      "key_ID": "bc490419-7d60-487f-adc1-4ddcc177c139"
    },
    {
      "key_ID": "0a782fb5-3434-48fe-aa4d-14f41d46cf92"
    }
  ]
}""")
    exactly(a, NOT_FOUND)


@step("6.4", "get-one-id")
def get_one_id(net):
    for own in ("SAE-A1", "SAE-C1"):    # master's, or as in the example
        k = draws(net, post(net, {}))[0]
        a = ask(net, "SAE-C1", "GET", KEYS + own + "/dec_keys?key_ID=" +
                k.id)
        equal(keys_of(a), [(k.id, k.octets)], "GET")
        net.oracle.fetched("SAE-C1", [k.id], a.json)
    for query in ("", "?", "?key_ID", "?key_ID=", "?key_id=" + UNKNOWN):
        a = ask(net, "SAE-C1", "GET", DEC + query)
        equal(a.code, 400, query)
    exactly(ask(net, "SAE-C1", "GET", DEC + "?key_ID=" + UNKNOWN), NOT_FOUND)


@step("6.4", "several-ids-are-post")
def several_ids_are_post(net):
    a = ask(net, "SAE-C1", "GET", DEC + "?key_ID=%s&key_ID=%s"
            % (UNKNOWN, UNKNOWN[:-1] + "0"))
    exactly(a, "key_ID stands in the URL twice")
    a = ask(net, "SAE-C1", "POST", DEC + "?key_ID=" + UNKNOWN)
    refused(a, "with POST, key_ID belongs into the body")


@step("6.4", "not-found")
def not_found(net):
    """All or nothing, in the words of the clause; the rest stays."""
    keys = draws(net, post(net, {"number": 2}), 2)
    ids = [k.id for k in keys]
    for batch in ([UNKNOWN], ids + [UNKNOWN], [UNKNOWN] + ids,
                  [ids[0], "x"]):
        a = dec(net, key_ids(batch))
        exactly(a, NOT_FOUND)
        check("keys" not in a.json, "a part of them: %s" % a)
    a = dec(net, key_ids(ids))
    net.oracle.fetched("SAE-C1", ids, a.json)


# ---- 6.5

@step("6.5", "error-message")
def error_message(net):
    """ask() looks at each answer's members; here, at each code's."""
    for code, a in ((400, post(net, "[")), (404, ask(net, "SAE-A1", "GET",
                                                     "/x")),
                    (401, post(net, {}, master="SAE-X")),
                    (405, ask(net, "SAE-A1", "PUT", ENC, "{}"))):
        equal(a.code, code, str(a))
        equal(list(a.json), ["message"], "members: %s" % a)


@step("6.5", "error-details")
def error_details(net):
    a = post(net, {"size": 65537})
    exactly(a, MULTIPLE)
    equal(a.json["details"], [{"size": "shall be from 64 to 65536"}],
          "details")
    a = dec(net, key_ids(["x"]))
    equal(a.json["details"], [{"key_ID": "x is not a UUID"}], "details")


# ---- 5: what takes time, or pools that nobody fills

@step("5.4", "get-with-ids-removes")
def get_with_ids_removes(net):
    """Again within the window, for a lost answer; then they are gone, and
    stay so for others."""
    keys = draws(net, post(net, {"number": 2}), 2)
    ids = [k.id for k in keys]
    for _ in range(5):
        a = dec(net, key_ids(ids))
        equal(keys_of(a, 2), [(k.id, k.octets) for k in keys], "again")
    net.oracle.fetched("SAE-C1", ids, a.json)
    equal(dec(net, key_ids(ids), "SAE-C2").code, 401, "another")
    time.sleep(WINDOW + 1)
    for i in ids:
        a = dec(net, key_ids([i]))
        exactly(a, NOT_FOUND)
        equal(a.json["details"], [{"reason": "the key was delivered before"}],
              "details")
    equal(dec(net, key_ids(ids), "SAE-C2").code, 401, "another, later")


def steady(net, slave="SAE-C1"):
    """The count of a pool that is not just being filled."""
    seen = []

    def calm():
        seen.append(status(net, slave)["stored_key_count"])
        return len(seen) > 3 and len(set(seen[-4:])) == 1 and seen[-1]
    return wait_for("a pool at rest", calm, 20)


def no_more_key(net):
    """No link makes key, and what was made is used up."""
    for link in ("a-b", "b-c"):
        net.link(link, "dark")
    most = status(net)["max_key_count"]
    while steady(net) > most // 2:
        gets(net, post(net, {"number": 4, "size": 65536}), 4, 65536)


@step("6.1", "stored-key-count")
def stored_key_count(net):
    no_more_key(net)
    before = steady(net)
    gets(net, post(net, {"number": 7}), 7)
    equal(steady(net), before - 7, "after 7 keys")
    gets(net, post(net, {"number": 3, "size": 512}), 3, 512)
    equal(steady(net), before - 13, "after 3 keys of twice the size")


@step("5.3", "get-key-removes")
def get_key_removes(net):
    """What is counted down is what was given, and it is never given
    again (the checker compares all octets)."""
    before = steady(net)
    gets(net, post(net, {"number": 100}), 100)
    gets(net, get(net, "?number=28"), 28)
    equal(steady(net), before - 128, "after 128 keys")


def drain(net):
    """Takes all there is; the last answer."""
    for bits in (8192, 1024, 256, 64):
        while (a := post(net, {"number": 16, "size": bits})).code == 200:
            gets(net, a, 16, bits)
    return a


@step("5.3", "get-key-503")
def get_key_503(net):
    a = drain(net)
    refused(a, "octets of key are needed for KM KME-C", 503)
    check(re.search(r"\d+ are there", a.message), "how much: %s" % a)


@step("5.2", "status-with-an-empty-pool")
def status_with_an_empty_pool(net):
    s = status(net)
    check(s["stored_key_count"] < 16, "stored_key_count: %s" % s)
    equal((s["target_KME_ID"], s["key_size"]), ("KME-C", 256), "status")


@step("5.4", "get-with-ids-503")
def get_with_ids_503(net):
    """While the key's source cannot be asked nobody can know."""
    keys = draws(net, post(net, {}, "SAE-B1"), slave="SAE-B1")
    net.do("stop", "a")
    a = dec(net, key_ids([UNKNOWN[:-1] + "e"]), "SAE-B1")
    refused(a, "KM KME-A cannot be asked", 503)
    net.do("start", "a")
    a = wait_for("the key", lambda: (b := dec(net, key_ids(
        [keys[0].id]), "SAE-B1")).code == 200 and b, 20)
    net.oracle.fetched("SAE-B1", [keys[0].id], a.json)


@step("5.2", "status-503")
def status_503(net):
    """More connections than an application may have at once."""
    limit = int(net.option("a", "ksa", "max_connections_per_application"))
    held = []
    for _ in range(limit):
        w = wire(net, "SAE-A2")
        equal(w.ask(request("GET", KEYS + "SAE-C1/status")).code, 200,
              "within the limit")
        held.append(w)
    w = wire(net, "SAE-A2")
    w.send(request("GET", KEYS + "SAE-C1/status"))
    refused(w.read(), "too many connections", 503)
    for w in held:
        w.close()


def main():
    check_table()
    net = Net("abc", ["a-b", "b-c"], settings=[
        "redelivery=%d" % WINDOW, "relay_wait=%d" % WAIT,
        "query_wait=%d" % WAIT, "max_connections_per_application=20"])
    run_steps(net)
    net.settle()


run(main)
