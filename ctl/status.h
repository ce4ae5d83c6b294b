/* status.h - pure: the one screen of qkdctl status. */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* `verdict`: of verdict.h. Width of the terminal, 0: none. */
void	status_print(FILE *, const json_t *verdict, size_t width,
	    bool colour);

#endif
