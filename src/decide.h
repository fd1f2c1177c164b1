/*
 * decide.h
 *	  From scores to decisions.
 */
#ifndef DEEPSAD_DECIDE_H
#define DEEPSAD_DECIDE_H

#include "core/dsad.h"

extern bool deepsad_warn_decision(const DsadModel *model);

#endif
