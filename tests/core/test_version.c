/*
 * test_version.c
 *	  Which versions of the SQL objects a library serves.
 */
#include "check.h"
#include "core/version.h"

int
main(void)
{
	static const char *const strange[] = {"", "1", "1.", ".1", "1.x", "x.1", "1.0.1", "1.-1", "-1.0", "+1.0", " 1.0", "1.0 ", "1.9999999"};

	CHECK(dsad_version_serves("1.0", "1.0"));
	CHECK(dsad_version_serves("1.10", "1.9"));
	CHECK(dsad_version_serves("1.10", "1.10"));
	CHECK(!dsad_version_serves("1.9", "1.10"));
	CHECK(!dsad_version_serves("1.0", "0.1"));
	CHECK(!dsad_version_serves("1.0", "1.1"));
	CHECK(!dsad_version_serves("2.0", "1.0"));
	CHECK(!dsad_version_serves("1.5", "2.0"));
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
		CHECK(!dsad_version_serves("1.5", strange[i]));
	return check_report();
}
