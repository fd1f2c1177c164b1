/*
 * column_report.h
 *	  What a training says of its columns: one message for each column and statement.
 */
#ifndef DEEPSAD_COLUMN_REPORT_H
#define DEEPSAD_COLUMN_REPORT_H

#include "core/columns/column_rules.h"
#include "core/dsad.h"

typedef struct DeepsadColumnReport DeepsadColumnReport;

extern DeepsadColumnReport *deepsad_column_report_create(MemoryContext context);
extern void deepsad_column_report_add(DeepsadColumnReport *report, const DsadEncoder *draft, uint32 column,
									  const DsadCandidate *candidate);
extern void deepsad_column_report_send(DeepsadColumnReport *report);

#endif
