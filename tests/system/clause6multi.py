"""ETSI GS QKD 014, several slaves, and annex B: steps of 20-formats.py."""
from clauses import step
from etsi import dec, draws, key_ids, post, refused, status
from lib import check, equal, wait_for
from wire import keys_of


def fetches(net, sae, keys, master="SAE-A1"):
    """This slave has the identical keys, as soon as they have come."""
    def answer():
        a = dec(net, key_ids([k.id for k in keys]), sae, master)
        check(a.code in (200, 503), "%s: %s" % (sae, a))
        return a.code == 200 and a
    a = wait_for("keys of " + sae, answer, 20)
    equal(keys_of(a, len(keys), None), [(k.id, k.octets) for k in keys],
          "keys of " + sae)
    if sae == keys[0].slave:
        net.oracle.fetched(sae, [k.id for k in keys], a.json)


@step("6.1", "max-SAE-ID-count")
def max_sae_id_count(net):
    for slave in ("SAE-B1", "SAE-C1", "SAE-A2"):
        equal(status(net, slave)["max_SAE_ID_count"], 16, slave)


@step("6.2", "too-many-slaves")
def too_many_slaves(net):
    """One more than the maximum; as many as that are looked up."""
    names = ["SAE-%d" % i for i in range(17)]
    refused(post(net, {"additional_slave_SAE_IDs": names}),
            "no more than 16 entries (max_SAE_ID_count)")
    refused(post(net, {"additional_slave_SAE_IDs": names[:16]}), "SAE-0",
            "not a registered application")


@step("6.2", "additional-slaves")
def additional_slaves(net):
    """At the slave's KME, at another, at the master's: all have the same,
    and nobody else has it."""
    for slaves in (["SAE-C2"], ["SAE-B1"], ["SAE-A2"],
                   ["SAE-B1", "SAE-A2", "SAE-C2", "SAE-B2"]):
        a = post(net, {"number": 3, "size": 512,
                       "additional_slave_SAE_IDs": slaves})
        keys = draws(net, a, 3, 512)
        for sae in ["SAE-C1"] + slaves:
            fetches(net, sae, keys)
        if len(slaves) == 1:
            a = dec(net, key_ids([keys[0].id]), "SAE-B2")
            refused(a, 401, "made for")


@step("6.2", "additional-slaves-wrong")
def additional_slaves_wrong(net):
    """Who cannot be a slave is named, and no key is given."""
    for slaves, words in ((["SAE-B1", "SAE-NO"], "SAE-NO"),
                          ([""], "entry 1"), (["SAE-B1", "x\n"], "entry 2"),
                          (["y" * 292], "entry 1"), (["SAE-X"], "SAE-X"),
                          (["SAE-A1"], "SAE-A1")):
        refused(post(net, {"additional_slave_SAE_IDs": slaves}), words)
    a = post(net, {"additional_slave_SAE_IDs": ["SAE-C1", "SAE-B1",
                                                "SAE-B1"]})
    keys = draws(net, a)            # named twice is named
    for sae in ("SAE-C1", "SAE-B1"):
        fetches(net, sae, keys)


@step("B", "annex-b")
def annex_b(net):
    """The five steps, with SAE-A1, SAE-B1, SAE-C1 for A, B, C."""
    a = post(net, {"number": 2, "additional_slave_SAE_IDs": ["SAE-C1"]},
             "SAE-B1")                                  # 1 (and 2)
    keys = draws(net, a, 2, 256, "SAE-B1")
    for sae in ("SAE-B1", "SAE-C1"):                    # 3 to 5
        fetches(net, sae, keys)
