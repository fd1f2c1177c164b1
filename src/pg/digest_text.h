/*
 * digest_text.h
 *	  Digests of training rows as people see them.
 */
#ifndef DEEPSAD_DIGEST_TEXT_H
#define DEEPSAD_DIGEST_TEXT_H

#include "core/digest.h"

extern char *deepsad_digest_text(const DsadDigest *digest);
extern bool deepsad_digest_parse(DsadDigest *digest, const char *text, Size length);

#endif
