/*
 * progress.c
 *	  How a training goes, in the server's own backend status array under a
 *	  command number of our own: other sessions see it at once, nothing needs to be
 *	  preloaded, and the server clears it after an error.
 */
#include "pg/pg_compat.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "train/progress.h"
#include "pg/set_result.h"

DEEPSAD_FUNCTION(deepsad_progress);

/* The server does not look at the number; no other extension is likely to choose "DSAD". */
#define PROGRESS_COMMAND ((ProgressCommandType) 0x44534144)

enum Slot
{
	SLOT_PHASE,
	SLOT_MEMBER,
	SLOT_MEMBERS,
	SLOT_MEMBERS_DONE,
	SLOT_EPOCH,
	SLOT_EPOCHS,
	SLOT_ROWS,
	SLOT_BYTES,
	SLOT_LOSS,
	SLOT_STARTED,
	SLOT_VISITED,
	SLOT_VISITS,
	SLOT_WORKERS,
	SLOT_BEGUN,
	SLOTS
};

/* SLOT_PHASE: 0 = rows are being collected, else a DsadPhase + 1. */
static const char *const phase_names[] = {
	[0] = "collecting",
	[1 + DSAD_PHASE_SCALING] = "scaling",
	[1 + DSAD_PHASE_PRETRAINING] = "pretraining",
	[1 + DSAD_PHASE_CENTER] = "center",
	[1 + DSAD_PHASE_TRAINING] = "training",
	[1 + DSAD_PHASE_NORMALIZING] = "normalizing"};

StaticAssertDecl(lengthof(phase_names) == DSAD_PHASE_NORMALIZING + 2, "every phase has a name");
StaticAssertDecl(SLOTS <= PGSTAT_NUM_PROGRESS_PARAM, "the server has so many slots");

/* Whose progress this backend's entry shows, and the transaction in which it was taken. */
static const DeepsadProgress *shown;
static LocalTransactionId shown_in;

/* Which command shows its progress in this backend's entry. */
static ProgressCommandType
current_command(void)
{
	return DEEPSAD_CURRENT_PROGRESS(PROGRESS_COMMAND, shown_in == DEEPSAD_LOCAL_TRANSACTION);
}

/* Whether this backend's entry is this training's now. */
static bool
is_shown(const DeepsadProgress *progress)
{
	return shown == progress && current_command() == PROGRESS_COMMAND;
}

/* SubXactCallback: an exception that is caught has ended every command's progress. */
static void
forget_shown(SubXactEvent event, SubTransactionId subtransaction, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		shown_in = InvalidLocalTransactionId;
}

/* Rows begin to come: takes this backend's entry, unless another command, or an outer training, has it. */
void
deepsad_progress_start(const DeepsadProgress *progress)
{
	static bool registered = false;

	if (!pgstat_track_activities || current_command() != PROGRESS_COMMAND_INVALID)
		return;
	if (!registered)
		RegisterSubXactCallback(forget_shown, NULL);
	registered = true;
	pgstat_progress_start_command(PROGRESS_COMMAND, InvalidOid);
	pgstat_progress_update_param(SLOT_STARTED, GetCurrentTimestamp());
	shown = progress;
	shown_in = DEEPSAD_LOCAL_TRANSACTION;
}

/* So many rows have come so far; those that are kept take so many bytes. */
void
deepsad_progress_collecting(const DeepsadProgress *progress, uint64 rows, uint64 bytes)
{
	const int	slot[] = {SLOT_ROWS, SLOT_BYTES};
	int64		value[] = {(int64) rows, (int64) bytes};

	if (is_shown(progress))
		pgstat_progress_update_multi_param(lengthof(slot), slot, value);
}

/* All rows have come. */
void
deepsad_progress_begin(const DeepsadProgress *progress)
{
	const int	slot[] = {SLOT_PHASE, SLOT_MEMBERS, SLOT_ROWS, SLOT_BYTES, SLOT_BEGUN};
	int64		value[] = {DSAD_PHASE_SCALING + 1, progress->members, (int64) progress->rows,
						   (int64) progress->bytes, GetCurrentTimestamp()};

	/* an exception that the query caught while rows came has ended our command */
	if (shown == progress && !is_shown(progress))
		deepsad_progress_start(progress);
	if (is_shown(progress))
		pgstat_progress_update_multi_param(lengthof(slot), slot, value);
}

/* Where all members stand, with the details of the one that this process trains. */
void
deepsad_progress_update(DeepsadProgress *progress, const DsadProgress *member)
{
	int			tenths = progress->visits ? (int) (10 * progress->visited / progress->visits) : 0;

	if (is_shown(progress))
	{
		const int	slot[] = {SLOT_PHASE, SLOT_MEMBER, SLOT_MEMBERS_DONE, SLOT_EPOCH, SLOT_EPOCHS, SLOT_LOSS,
							  SLOT_VISITED, SLOT_VISITS, SLOT_WORKERS};
		int64		value[lengthof(slot)] = {member->phase + 1,
											 member->member + 1,
											 progress->members_done,
											 member->epochs ? member->epoch + 1 : 0,
											 member->epochs,
											 0,
											 (int64) progress->visited,
											 (int64) progress->visits,
											 progress->workers};

		memcpy(&value[5], &member->loss, sizeof(double));
		pgstat_progress_update_multi_param(lengthof(slot), slot, value);
	}
	if (progress->verbose && tenths > progress->tenths)
	{
		progress->tenths = tenths;
		ereport(NOTICE,
				(errmsg("%s: %d %%, member %u of %u, %s, epoch %u of %u, loss %g",
						progress->update ? "deepsad_update" : "deepsad_train", 10 * tenths, member->member + 1,
						progress->members, phase_names[member->phase + 1],
						member->epoch + 1, member->epochs, member->loss)));
	}
}

/* Gives the entry back, if it is this training's. */
void
deepsad_progress_end(const DeepsadProgress *progress)
{
	if (shown != progress)
		return;
	if (is_shown(progress))
		pgstat_progress_end_command();
	shown = NULL;
	shown_in = InvalidLocalTransactionId;
}

static Datum
interval_datum(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = microseconds;
	return IntervalPGetDatum(interval);
}

static bool
may_see(const PgBackendStatus *entry)
{
	return has_privs_of_role(GetUserId(), entry->st_userid) ||
		   has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

/* deepsad_progress() -> one row for each training that is running */
Datum
deepsad_progress(PG_FUNCTION_ARGS)
{
	enum
	{
		COLUMNS = 17
	};
	TupleDesc	desc;
	Tuplestorestate *store = deepsad_set_begin(fcinfo, &desc);
	int			backends = pgstat_fetch_stat_numbackends();
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 1; i <= backends; i++)
	{
		LocalPgBackendStatus *local = pgstat_get_local_beentry_by_index(i);
		const PgBackendStatus *entry = local ? &local->backendStatus : NULL;
		const int64 *slot;
		Datum		value[COLUMNS] = {0};
		bool		null[COLUMNS];
		double		loss;
		int64		elapsed;
		int			column = 0;

		if (entry == NULL || entry->st_progress_command != PROGRESS_COMMAND)
			continue;
		slot = entry->st_progress_param;
		memset(null, true, sizeof(null));
		null[0] = null[1] = null[2] = false;
		value[column++] = Int32GetDatum(entry->st_procpid);
		value[column++] = ObjectIdGetDatum(entry->st_databaseid);
		value[column++] = ObjectIdGetDatum(entry->st_userid);
		if (may_see(entry))
		{
			bool		training = slot[SLOT_PHASE] > DSAD_PHASE_SCALING + 1;
			bool		epochs = slot[SLOT_EPOCHS] > 0;

			memset(null, false, sizeof(null));
			memcpy(&loss, &slot[SLOT_LOSS], sizeof(loss));
			elapsed = now - slot[SLOT_BEGUN];
			value[column++] = TimestampTzGetDatum(entry->st_activity_start_timestamp);
			value[column++] = CStringGetTextDatum(phase_names[slot[SLOT_PHASE] % lengthof(phase_names)]);
			value[column++] = Int64GetDatum(slot[SLOT_ROWS]);
			value[column++] = Int64GetDatum(slot[SLOT_BYTES]);
			null[column] = !training;
			value[column++] = Int32GetDatum((int32) slot[SLOT_MEMBER]);
			null[column] = slot[SLOT_MEMBERS] == 0;
			value[column++] = Int32GetDatum((int32) slot[SLOT_MEMBERS]);
			null[column] = slot[SLOT_MEMBERS] == 0;
			value[column++] = Int32GetDatum((int32) slot[SLOT_MEMBERS_DONE]);
			null[column] = !epochs;
			value[column++] = Int32GetDatum((int32) slot[SLOT_EPOCH]);
			null[column] = !epochs;
			value[column++] = Int32GetDatum((int32) slot[SLOT_EPOCHS]);
			null[column] = !epochs;
			value[column++] = Float8GetDatum(loss);
			value[column++] = Int32GetDatum((int32) slot[SLOT_WORKERS]);
			null[column] = slot[SLOT_VISITS] == 0;
			value[column++] = Float8GetDatum(slot[SLOT_VISITS] ?
												 100.0 * (double) slot[SLOT_VISITED] / (double) slot[SLOT_VISITS] :
												 0);
			value[column++] = interval_datum(now - slot[SLOT_STARTED]);
			null[column] = slot[SLOT_VISITED] == 0;
			if (slot[SLOT_VISITED] > 0)
				value[column] = interval_datum(
					(int64) ((double) elapsed * ((double) slot[SLOT_VISITS] / (double) slot[SLOT_VISITED] - 1)));
		}
		tuplestore_putvalues(store, desc, value, null);
	}
	return (Datum) 0;
}
