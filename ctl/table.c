/* table.c - libsmartcols draws what cells say. */
#include "table.h"

#include <libsmartcols.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "field.h"
#include "ident.h"

/* ---- cells ---- */

typedef void	cell_fn(char out[TABLE_CELL], const json_t *v);

static void
cell_text(char out[TABLE_CELL], const json_t *v)
{
	if (json_is_string(v) && json_string_length(v) > 0)
		field_text(out, TABLE_CELL, json_string_value(v));
}

static void
cell_int(char out[TABLE_CELL], const json_t *v)
{
	if (json_is_integer(v))
		snprintf(out, TABLE_CELL, "%lld",
		    (long long)json_integer_value(v));
}

static void
scaled(char out[TABLE_CELL], const json_t *v, double times, double step,
    const char *const units[4])
{
	double	x = json_number_value(v) * times;
	int	i = 0;

	if (!json_is_number(v))
		return;
	for (; x >= step && i < 3; i++)
		x /= step;
	snprintf(out, TABLE_CELL, i == 0 ? "%.0f %s" : "%.1f %s", x,
	    units[i]);
}

static void
cell_octets(char out[TABLE_CELL], const json_t *v)
{
	static const char *const	units[] = { "B", "KiB", "MiB", "GiB" };

	scaled(out, v, 1, 1024, units);
}

static void
cell_rate(char out[TABLE_CELL], const json_t *v)
{
	static const char *const	units[] = { "bit/s", "kbit/s",
					    "Mbit/s", "Gbit/s" };

	scaled(out, v, 8, 1000, units);
}

static void
cell_bool(char out[TABLE_CELL], const json_t *v)
{
	if (json_is_boolean(v))
		strcpy(out, json_is_true(v) ? "yes" : "no");
}

static void
cell_time(char out[TABLE_CELL], const json_t *v)
{
	time_t		t = (time_t)(json_integer_value(v) / 1000);
	struct tm	tm;

	if (json_is_integer(v) && t > 0 && localtime_r(&t, &tm) != NULL &&
	    strftime(out, TABLE_CELL, "%F %T", &tm) == 0)
		strcpy(out, "-");
}

static void
cell_days(char out[TABLE_CELL], const json_t *v)
{
	const json_int_t	day = 86400000, ms = json_integer_value(v);
	const json_int_t	left = ms > 0 ? ms - (json_int_t)now_ms() : 0;

	if (json_is_integer(v) && ms > 0)	/* less than one: 0; over: -1 */
		snprintf(out, TABLE_CELL, "%lld", (long long)(left / day -
		    (left % day < 0)));
}

static void
cell_list(char out[TABLE_CELL], const json_t *v)
{
	size_t		 i, len = 0;
	json_t		*e;

	json_array_foreach((json_t *)(uintptr_t)v, i, e) {
		const char	*s = json_string_value(e);

		if (s == NULL || len + 6 >= TABLE_CELL)
			continue;
		if (len > 0)
			len += (size_t)sprintf(out + len, ", ");
		field_text(out + len, TABLE_CELL - len, s);
		len += strlen(out + len);
	}
	if (len == 0)
		strcpy(out, "-");
}

static const struct { cell_fn *fn; bool right; } kinds[] = {
	[TABLE_TEXT] = { cell_text, false }, [TABLE_INT] = { cell_int, true },
	[TABLE_OCTETS] = { cell_octets, true },
	[TABLE_RATE] = { cell_rate, true }, [TABLE_BOOL] = { cell_bool, false },
	[TABLE_TIME] = { cell_time, false }, [TABLE_DAYS] = { cell_days, true },
	[TABLE_LIST] = { cell_list, false },
};

char *
table_cell(char out[TABLE_CELL], const struct table_column *c,
    const json_t *row)
{
	strcpy(out, "-");
	kinds[c->kind].fn(out, json_object_get(row, c->key));
	return out;
}

/* ---- the table ---- */

static struct libscols_table *
new_table(const struct table_column *c, size_t width)
{
	struct libscols_table	*t = scols_new_table();
	int			 flags;

	if (t == NULL)
		return NULL;
	scols_table_set_termforce(t, width == 0 ? SCOLS_TERMFORCE_NEVER :
	    SCOLS_TERMFORCE_ALWAYS);
	if (width > 0)
		scols_table_set_termwidth(t, width);
	for (; c->key != NULL; c++) {
		flags = kinds[c->kind].right ? SCOLS_FL_RIGHT :
		    width > 0 ? SCOLS_FL_TRUNC : 0;
		if (scols_table_new_column(t, c->head, 0, flags) == NULL) {
			scols_unref_table(t);
			return NULL;
		}
	}
	return t;
}

static int
add_row(struct libscols_table *t, const struct table_column *c,
    const json_t *row)
{
	struct libscols_line	*line = scols_table_new_line(t, NULL);
	char			 cell[TABLE_CELL];

	for (size_t i = 0; line != NULL && c[i].key != NULL; i++)
		if (scols_line_set_data(line, i, table_cell(cell, &c[i],
		    row)) < 0)
			return -1;
	return line == NULL ? -1 : 0;
}

char *
table_text(const struct table_column *c, const json_t *rows, size_t width)
{
	struct libscols_table	*t;
	char			*text = NULL;
	json_t			*row;
	size_t			 i;
	int			 r = 0;

	if (json_array_size(rows) == 0)
		return strdup("");
	if ((t = new_table(c, width)) == NULL)
		return NULL;
	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
		if (r == 0)
			r = add_row(t, c, row);
	if (r < 0 || scols_print_table_to_string(t, &text) != 0)
		text = NULL;
	scols_unref_table(t);
	return text;
}
