"""Can every pair of nodes supply keys? Asked at the doors, as an application
would, and of the daemons when the answer is no."""

import http.client
import json
import ssl
import time

from plan import Failed


def client_context(plan, sae):
    c = ssl.create_default_context(cafile=plan.pki("ca.crt"))
    c.load_cert_chain(plan.pki(sae + ".crt"), plan.pki(sae + ".key"))
    return c


def stored_keys(plan, node, other):
    """stored_key_count for the first applications of two nodes."""
    master, slave = plan.saes_of(node)[0], plan.saes_of(other)[0]
    connection = http.client.HTTPSConnection(
        plan.address(node, "https"), timeout=10,
        context=client_context(plan, master))
    try:
        connection.request("GET", f"/api/v1/keys/{slave}/status")
        answer = connection.getresponse()
        body = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(f"status {answer.status}: {body.get('message')}")
    return body["stored_key_count"]


def lacks(plan, node, other):
    """Why a pair cannot supply yet; None when it can."""
    try:
        return None if stored_keys(plan, node, other) > 0 else "no keys yet"
    except (OSError, ValueError, KeyError, http.client.HTTPException) as e:
        return str(e) or type(e).__name__


def explain(net, missing):
    lines = [f"from {a} to {b}: {why}" for (a, b), why in missing.items()]
    for n, d in net.everything():
        try:
            status = net.ask(n, d, "status")
        except Failed as e:
            lines.append(str(e))
            continue
        lines += [f"{d} of {n}: {m}" for m in status.get("missing", [])]
    return "\n".join("  " + x for x in lines)


def wait(net, seconds, progress):
    """Returns when every ordered pair of nodes has keys in stock."""
    nodes = net.plan.nodes
    missing = {(a, b): "" for a in nodes for b in nodes if a != b}
    end = time.monotonic() + seconds
    while True:
        for pair in list(missing):
            why = lacks(net.plan, *pair)
            if why is None:
                del missing[pair]
            else:
                missing[pair] = why
        progress(len(missing))
        if not missing:
            return
        dead = [f"{d} of {n}" for n, d in net.everything()
                if net.pid(n, d) is None]
        if dead or time.monotonic() > end:
            what = "not running: " + ", ".join(dead) if dead else \
                f"after {seconds:g} s keys are still missing"
            raise Failed(what + "\n" + explain(net, missing))
        time.sleep(0.25)
