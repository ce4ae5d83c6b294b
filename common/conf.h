/*
 * conf.h - a configuration file is read by a table of options. The table
 * gives parser, range, default and manual page. Unknown or wrong options are
 * reported with file and line.
 */
#ifndef QKD_CONF_H
#define QKD_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_type {
	CONF_INT,	/* int64_t */
	CONF_BOOL,	/* bool */
	CONF_STRING,	/* char[size], printable */
	CONF_KM_ID,	/* km_id */
	CONF_SAE_ID,	/* sae_id */
	CONF_PATH,	/* char[size], absolute */
	CONF_ADDRESS,	/* char[size], "host:port" or "[v6]:port" */
	CONF_CHOICE,	/* int: index into `choices` */
	CONF_STRINGS,	/* struct conf_strings: array of strings */
	CONF_LIST,	/* struct conf_list: list of groups of `sub` */
};

struct conf_opt {
	const char		*name;
	enum conf_type		 type;
	size_t			 offset, size;	/* in the struct it fills */
	const char		*dflt;	/* as in a file; NULL: must be given */
	int64_t			 min, max;	/* CONF_INT; CONF_LIST: count */
	const char		*unit;	/* "ms", "octets", "bits"; or "" */
	const char		*help;	/* one line; for the manual too */
	const struct conf_opt	*sub;	/* CONF_LIST: ends with name NULL */
	size_t			 elem;	/* CONF_LIST: octets per element */
	const char *const	*choices;	/* CONF_CHOICE; NULL at end */
};

struct conf_list { size_t n; void *v; };	/* v: n elements of `elem` */
struct conf_strings { size_t n; char **v; };

/* Shorthands for tables. S is the struct, F its member. */
#define OPT_INT(S, F, D, MIN, MAX, UNIT, HELP) \
	{ #F, CONF_INT, offsetof(struct S, F), sizeof(int64_t), D, MIN, MAX, \
	  UNIT, HELP, NULL, 0, NULL }
#define OPT_TEXT(TYPE, S, F, D, HELP) \
	{ #F, TYPE, offsetof(struct S, F), sizeof(((struct S *)0)->F), D, \
	  0, 0, "", HELP, NULL, 0, NULL }
#define OPT_BOOL(S, F, D, HELP) \
	{ #F, CONF_BOOL, offsetof(struct S, F), sizeof(bool), D, 0, 1, "", \
	  HELP, NULL, 0, NULL }
#define OPT_CHOICE(S, F, D, CHOICES, HELP) \
	{ #F, CONF_CHOICE, offsetof(struct S, F), sizeof(int), D, 0, 0, "", \
	  HELP, NULL, 0, CHOICES }
#define OPT_STRINGS(S, F, HELP) \
	{ #F, CONF_STRINGS, offsetof(struct S, F), \
	  sizeof(struct conf_strings), "", 0, 0, "", HELP, NULL, 0, NULL }
#define OPT_LIST(S, F, MIN, MAX, SUB, ELEM, HELP) \
	{ #F, CONF_LIST, offsetof(struct S, F), sizeof(struct conf_list), \
	  "", MIN, MAX, "", HELP, SUB, sizeof(struct ELEM), NULL }
#define OPT_END { NULL, CONF_INT, 0, 0, NULL, 0, 0, "", NULL, NULL, 0, NULL }

/*
 * Fills `out` from `path`. All faults are written to `err`, one a line:
 * "FILE:LINE: option: what is wrong and what was expected". 0, or -E_CONFIG
 * with nothing to free. libconfig's @include is refused.
 */
int	conf_load(const struct conf_opt *, void *out, const char *path,
	    FILE *err);
void	conf_free(const struct conf_opt *, void *out);
/* Calls fn for each option that two of the structs do not have alike. */
void	conf_diff(const struct conf_opt *, const void *, const void *,
	    void (*fn)(void *arg, const char *name), void *arg);
/* "name type default range - help", one a line, sub-options indented. */
void	conf_print_options(const struct conf_opt *, FILE *);
/* The OPTIONS part of the manual page, in man(7) macros. */
void	conf_print_man(const struct conf_opt *, FILE *);

#endif
