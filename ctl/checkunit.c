/* checkunit.c - what systemd says of the units of this node. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkup.h"
#include "confread.h"
#include "run.h"
#include "unit.h"

#define LOCKED_DEFAULT	8388608		/* octets; kma, ksa */

/* One property; "" if there is none. */
static const char *
show(const char *unit, const char *property, char out[256])
{
	char	option[64];
	char	*argv[] = { (char *)"systemctl", (char *)"show", option,
		    (char *)"--value", (char *)unit, NULL };

	snprintf(option, sizeof(option), "--property=%s", property);
	if (run(argv, out, 256) != 0)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static void
unit(struct check *c, const char *name)
{
	char	remedy[480], text[256];

	if (strcmp(show(name, "LoadState", text), "loaded") != 0) {
		check_say(c, CHECK_ERROR, name, "install the package again",
		    "systemd does not know it (%s)", text);
		return;
	}
	if (strcmp(show(name, "ActiveState", text), "active") != 0) {
		snprintf(remedy, sizeof(remedy), "systemctl status %s; "
		    "journalctl -u %s -n 20; systemctl start %s", name, name,
		    name);
		check_say(c, CHECK_ERROR, name, remedy, "is %s", text);
	}
	if (strncmp(show(name, "UnitFileState", text), "enabled", 7) != 0) {
		snprintf(remedy, sizeof(remedy), "systemctl enable %s", name);
		check_say(c, CHECK_WARNING, name, remedy,
		    "is %s: it does not start with the machine", text);
	}
}

void
check_units(struct check *c)
{
	static const char *const	all[] = { "qkdnode.target",
		"qkdnode-kma.service", "qkdnode-ksa.service",
		"qkdnode-relayd.service" };
	char				name[128];

	if (!unit_there()) {
		check_say(c, CHECK_NOTE, "systemd", "", "does not run here");
		return;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		unit(c, all[i]);
	if (!c->kma.there)
		return;
	for (unsigned i = 0; i < confread_count(&c->kma.cfg, "links"); i++) {
		snprintf(name, sizeof(name), "qkdnode-qkdmod@%.64s.service",
		    confread_member(&c->kma.cfg, "links", i, "name"));
		unit(c, name);
	}
}

static void
limit(struct check *c, const struct check_conf *f, const char *name)
{
	char		text[256], *end;
	long long	wanted, there;

	if (!f->there || *show(name, "LimitMEMLOCK", text) == '\0')
		return;
	wanted = confread_int(&f->cfg, "locked_memory", LOCKED_DEFAULT);
	there = strtoll(text, &end, 10);
	if (*end != '\0' || end == text || there >= wanted)
		return;			/* "infinity" */
	check_say(c, CHECK_ERROR, name, "systemctl edit: LimitMEMLOCK, or "
	    "lower locked_memory", "locked_memory is %lld octets, but the "
	    "unit may lock %lld", wanted, there);
}

void
check_memory(struct check *c)
{
	if (!unit_there())
		return;
	limit(c, &c->kma, "qkdnode-kma.service");
	limit(c, &c->ksa, "qkdnode-ksa.service");
}
