/*
 * version_check.h
 *	  Library and SQL objects must be of one version.
 */
#ifndef DEEPSAD_VERSION_CHECK_H
#define DEEPSAD_VERSION_CHECK_H

extern void deepsad_check_versions(void);

#endif
