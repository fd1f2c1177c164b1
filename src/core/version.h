/*
 * version.h
 *	  Versions of the SQL objects, MAJOR.MINOR.
 */
#ifndef DSAD_VERSION_H
#define DSAD_VERSION_H

#include <stdbool.h>

/* Reads up to six digits, and moves behind them; -1: there are none, or too many. */
static inline long
dsad_version_number(const char **at)
{
	long		number = 0;
	int			digits = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++)
	{
		if (++digits > 6)
			return -1;
		number = number * 10 + (**at - '0');
	}
	return digits > 0 ? number : -1;
}

/* Reads MAJOR.MINOR, and nothing else. */
static inline bool
dsad_version_read(const char *version, long *major, long *minor)
{
	*major = dsad_version_number(&version);
	*minor = -1;
	if (*major < 0 || *version++ != '.')
		return false;
	*minor = dsad_version_number(&version);
	return *minor >= 0 && *version == '\0';
}

/* Whether a library of version `own` has all that such SQL objects call: those of its major version, up to its own. */
static inline bool
dsad_version_serves(const char *own, const char *version)
{
	long		own_major;
	long		own_minor;
	long		major;
	long		minor;

	return dsad_version_read(own, &own_major, &own_minor) && dsad_version_read(version, &major, &minor) &&
		   major == own_major && minor <= own_minor;
}

#endif
