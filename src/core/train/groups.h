/*
 * groups.h
 *	  Rows that belong together: they are held out together or not at all.
 */
#ifndef DSAD_GROUPS_H
#define DSAD_GROUPS_H

#include "core/train/dataset.h"

extern DsadStatus dsad_groups_divide(DsadGroups *groups, DsadArena *arena, const DsadEnv *env, DsadConfig *config,
									 const DsadFacts *facts, const DsadRowSource *rows, DsadError *error);
extern uint32_t dsad_group_slice(const DsadGroups *groups, uint64_t seed, uint64_t group);
extern bool dsad_judge_by_others(double *score, uint32_t rows, const DsadGroups *groups, DsadArena *scratch);
extern DsadPart dsad_group_part(const DsadGroups *groups, uint64_t seed, uint64_t group, int8_t *label);

#endif
