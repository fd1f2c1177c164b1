/*
 * model_warnings.c
 *	  What there is to warn of in a model that was just made.
 */
#include "pg/pg_compat.h"

#include "model/model_warnings.h"

/* Warns when the model's decision is one that no row, or no calibration row, can meet; whether it did. */
bool
deepsad_warn_decision(const DsadModel *model)
{
	const DsadCalibration *calibration = &model->calibration;
	const DsadConfig *config = &model->config;
	bool		few = config->contamination == 0 && config->alpha < dsad_smallest_pvalue(calibration);

	if (calibration->lists == 0 || config->threshold > 0 ||
		(config->contamination > 0 ? dsad_decision_reached(model) : !few))
		return false;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 few ?
				 errmsg("alpha is %g, the smallest p-value of %u calibration rows is %g: no row will be an anomaly",
						config->alpha, calibration->rows, dsad_smallest_pvalue(calibration)) :
				 errmsg("contamination is %g, the highest score of %u calibration rows is that of more: "
						"none of them is an anomaly",
						config->contamination, calibration->rows),
			 errhint("Train on more rows, or set another threshold with deepsad_set_threshold.")));
	return true;
}

static void
warn_collapsed(const DsadModel *model, DeepsadSaid *said)
{
	int			collapsed = 0;

	for (int64 m = 0; m < model->config.members; m++)
		collapsed += model->members[m].collapsed;
	if (collapsed == 0 || said->collapsed)
		return;
	said->collapsed = true;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("model learned nothing: %d of %d members give every training row the same score",
					collapsed, (int) model->config.members),
			 errhint("Check that the features vary, or try other options.")));
}

/* Says so when something simpler than the trained model was better. */
static void
warn_useless(const DsadModel *model, DeepsadSaid *said)
{
	const DsadTrust *trust = &model->trust;

	if (!dsad_trust_failed(trust) || said->useless)
		return;
	said->useless = true;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("training did not help: on held-out rows ROC AUC is %.3f (%.3f to %.3f), "
					"%.3f for untrained networks, %.3f for the distance of the scaled features",
					trust->auc, trust->interval[0], trust->interval[1], trust->untrained_auc, trust->plain_auc),
			 errhint("Check the labels and features, or try other options.")));
}

/* All of this; said: what the statement has warned of already. */
void
deepsad_warn_model(const DsadModel *model, DeepsadSaid *said)
{
	warn_collapsed(model, said);
	warn_useless(model, said);
	if (!said->decision)
		said->decision = deepsad_warn_decision(model);
}
