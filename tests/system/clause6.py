"""ETSI GS QKD 014, clauses 6.1 and 6.2: steps of 20-formats.py."""
from clauses import step
from etsi import ENC, MULTIPLE, exactly, get, gets, post, refused, status
from lib import check, equal
from wire import ask


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
    for value in ('"SAE-B1"', "{}", "1", "[1]", "[null]", "[[]]",
                  '["SAE-B1",1]'):
        exactly(post(net, '{"additional_slave_SAE_IDs":%s}' % value),
                "additional_slave_SAE_IDs shall be an array of strings")
    gets(net, post(net, {"additional_slave_SAE_IDs": []}))
    gets(net, post(net, {"additional_slave_SAE_IDs": None}))


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


@step("6.2", "unknown-items")
def unknown_items(net):
    gets(net, post(net, '{"number":2,"additional_target_sae_ids":[],"x":'
                   '{"number":9},"Size":1,"y":1e3,"":null}'), 2)
