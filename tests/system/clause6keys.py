"""ETSI GS QKD 014, clauses 6.3 to 6.5: steps of 20-formats.py."""
import re

from clauses import step
from etsi import (DEC, ENC, KEYS, MULTIPLE, NOT_FOUND, UNKNOWN, dec, draws,
                  exactly, gets, key_ids, post, refused)
from lib import check, equal
from wire import ask, keys_of


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
        equal(list(a.json), ["message"], "members")
    a = dec(net, key_ids(ids))
    net.oracle.fetched("SAE-C1", ids, a.json)


@step("5.4", "different-sizes")
def different_sizes(net):
    """Keys of three Get key calls, one request, in the order asked for."""
    keys = []
    for bits in (64, 4096, 256):
        keys += draws(net, post(net, {"number": 2, "size": bits}), 2, bits)
    keys = keys[3:] + keys[:3]
    ids = [k.id for k in keys]
    a = dec(net, key_ids(ids))
    equal(keys_of(a, 6, None), [(k.id, k.octets) for k in keys], "keys")
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
    equal(list(dec(net, key_ids(["x"])).json), ["message"], "members")
