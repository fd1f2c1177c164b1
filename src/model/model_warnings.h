/*
 * model_warnings.h
 *	  What there is to warn of in a model that was just made.
 */
#ifndef DEEPSAD_MODEL_WARNINGS_H
#define DEEPSAD_MODEL_WARNINGS_H

#include "core/dsad.h"

/* What a statement's trainings have warned of already. */
typedef struct DeepsadSaid
{
	bool		decision;
	bool		collapsed;
	bool		useless;
	bool		no_rows;		/* to learn from */
	bool		no_column;
	bool		labels;			/* that may be upside down */
	bool		only_anomalies;	/* in an update */
	bool		no_group;		/* to hold aside */
	bool		channels_last;	/* of a picture, it seems */
} DeepsadSaid;

extern bool deepsad_warn_decision(const DsadModel *model);
extern void deepsad_warn_model(const DsadModel *model, DeepsadSaid *said);

#endif
