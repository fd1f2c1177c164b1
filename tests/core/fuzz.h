/*
 * fuzz.h
 *	  What the fuzz targets share: bytes that are taken for a model with a right
 *	  checksum, and a driver for compilers without libFuzzer.
 */
#ifndef DSAD_FUZZ_H
#define DSAD_FUZZ_H

#include "check.h"

/* One input of a target; whether it is a model. */
extern bool fuzz_one(const uint8_t *data, size_t size);

extern void fuzz_require(bool condition, const char *what);
extern uint8_t *fuzz_copy(const uint8_t *data, size_t size);
extern DsadStatus fuzz_decode(DsadModel *model, DsadArena *arena, TestEnv *env, const uint8_t *copy, size_t size, DsadError *error);
extern void fuzz_write_back(const DsadModel *model, DsadArena *arena, TestEnv *env);

#endif
