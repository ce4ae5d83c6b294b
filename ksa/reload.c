#include "reload.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "err.h"
#include "log.h"

static const char *const live[] = {
	"certificate", "private_key", "ca", "crl", "applications",
	"quotas", "pairs",
};

static void
on_difference(void *arg, const char *name)
{
	(void)arg;
	for (size_t i = 0; i < sizeof(live) / sizeof(*live); i++)
		if (strcmp(live[i], name) == 0)
			return;
	log_warn("option has changed: restart ksa to apply it", "option=%s",
	    name);
}

static void
log_faults(char *text)
{
	char	*save, *line = strtok_r(text, "\n", &save);

	for (; line != NULL; line = strtok_r(NULL, "\n", &save))
		log_err("configuration error", "%s", line);
}

/* As at the start, but the faults go to the log. */
static int
load(struct ksa_conf *c)
{
	const char	*path = daemon_conf_path();
	char		*text = NULL;
	size_t		 len;
	FILE		*err = open_memstream(&text, &len);
	int		 r;

	if (err == NULL)
		return -E_NO_MEMORY;
	if ((r = conf_load(ksa_options, c, path, err)) == 0 &&
	    (r = ksa_conf_check_of(c, path, err)) < 0)
		conf_free(ksa_options, c);
	if (fclose(err) == 0)
		log_faults(text);
	free(text);
	return r;
}

static void
adopt(struct ksa_conf *c, struct ksa_conf *fresh)
{
	struct conf_list applications = c->applications, quotas = c->quotas;
	struct conf_list pairs = c->pairs;

	memcpy(c->certificate, fresh->certificate, sizeof(c->certificate));
	memcpy(c->private_key, fresh->private_key, sizeof(c->private_key));
	memcpy(c->ca, fresh->ca, sizeof(c->ca));
	memcpy(c->crl, fresh->crl, sizeof(c->crl));
	c->applications = fresh->applications;
	fresh->applications = applications;
	c->quotas = fresh->quotas;
	fresh->quotas = quotas;
	c->pairs = fresh->pairs;
	fresh->pairs = pairs;
}

int
reload(struct ksa_conf *c, struct door *door)
{
	struct ksa_conf	*fresh = calloc(1, sizeof(*fresh));
	int		 r = fresh != NULL ? load(fresh) : -E_NO_MEMORY;

	if (r == 0) {
		if ((r = door_reload(door, fresh)) == 0) {
			conf_diff(ksa_options, c, fresh, on_difference, NULL);
			adopt(c, fresh);
		}
		conf_free(ksa_options, fresh);
	}
	free(fresh);
	if (r < 0)
		log_err("reload failed: nothing has changed", "config=%s "
		    "reason=%s", log_quote(daemon_conf_path()),
		    log_quote(err_text(r)));
	else
		log_notice("certificates and applications read again",
		    "applications=%zu crl=%s", c->applications.n,
		    *c->crl != '\0' ? log_quote(c->crl) : "none");
	return r;
}
