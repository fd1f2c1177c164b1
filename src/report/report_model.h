/*
 * report_model.h
 *	  The parts of a report that are about the model itself.
 */
#ifndef DEEPSAD_REPORT_MODEL_H
#define DEEPSAD_REPORT_MODEL_H

#include "core/dsad.h"
#include "report/html.h"

extern char *deepsad_report_name(const DsadEnv *env, bytea *model);
extern void deepsad_report_trust(StringInfo page, const DsadModel *model);
extern void deepsad_report_training(StringInfo page, const DsadModel *model);
extern void deepsad_report_features(StringInfo page, const DsadModel *model);
extern void deepsad_report_left_out(StringInfo page, const DsadModel *model);
extern void deepsad_report_losses(StringInfo page, const DsadModel *model);
extern void deepsad_report_threshold(StringInfo page, const DsadModel *model);
extern char *deepsad_report_decision(const DsadModel *model);
extern void deepsad_report_foot(StringInfo page, const char *name);

#endif
