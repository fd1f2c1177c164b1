/*
 * dsad.h
 *	  The numerical core of deepsad: Deep SAD (Ruff et al., ICLR 2020) without
 *	  PostgreSQL.  One header for each subject; this one has those that most callers want: models, scoring
 *	  and training.  Who deals with columns, training sets or sketches includes their own.
 */
#ifndef DSAD_H
#define DSAD_H

#include "core/env.h"
#include "core/hash.h"
#include "core/rows.h"
#include "core/lowest.h"
#include "core/statistics.h"
#include "core/model/config.h"
#include "core/model/encoder.h"
#include "core/model/wide.h"
#include "core/model/model.h"
#include "core/model/summary.h"
#include "core/model/choices.h"
#include "core/model/codec.h"
#include "core/model/member_codec.h"
#include "core/model/calibration_lists.h"
#include "core/kernel/kernel.h"
#include "core/score/scorer.h"
#include "core/score/pvalues.h"
#include "core/score/drift.h"
#include "core/score/explain_path.h"
#include "core/train/dataset.h"
#include "core/train/prepare.h"
#include "core/train/train.h"
#include "core/train/update.h"
#include "core/train/finish.h"
#include "core/train/training.h"
#include "core/train/trust.h"
#include "core/train/blas.h"

#endif
