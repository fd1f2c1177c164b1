/*
 * training_run.c
 *	  From collected rows to a model: where the scaled rows lie, who trains, and
 *	  what there is to say about the result.
 *
 * Rows that fit maintenance_work_mem twice over, raw and scaled, are trained on in
 * an order that depends on their content alone.  Beyond that they pass through
 * temporary files, sorted into the same order: the scaled rows then lie in memory if
 * they fit there, else in blocks.
 */
#include "pg/pg_compat.h"

#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "train/blockfile.h"
#include "pg/core_env.h"
#include "model/model_bytes.h"
#include "model/options.h"
#include "train/parallel.h"
#include "train/row_sort.h"
#include "train/training_run.h"

/*
 * Each process that trains on blocks holds a window of them: this part of
 * maintenance_work_mem, however many processes there are, because the window
 * decides the order of the rows.  Small ones do not mix the rows well, large ones
 * gain nothing.
 */
#define WINDOW_PART 8
#define MIN_WINDOW_BYTES (1024 * 1024)
#define MAX_WINDOW_BYTES (64 * 1024 * 1024)

/*
 * Multiply-adds of a training below which workers are not worth their start, some
 * hundredths of a second; and what a visit to a row costs beside its network's.
 */
#define MIN_PARALLEL_WORK 4e9
#define VISIT_WORK 1000

/* What a training may take beside maintenance_work_mem and its model. */
#define WORKING_MEMORY (64 * 1024 * 1024)

#define LEAST_GROUPED_ROWS 20	/* from which on a model has p-values */

typedef struct Run
{
	const DsadConfig *config;
	DeepsadRowStore *store;
	DsadEnv		env;
	DsadArena	arena;			/* the model */
	DsadArena	scratch;		/* the plan */
	DsadRowSource source;
	DsadModel	model;
	DsadPlan	plan;
	Size		other_memory;	/* that the columns take */
	DeepsadProgress *progress;
	uint64		finished;		/* visits of the members that are done */
	uint32		member;			/* being trained here */
	uint64		visited;		/* of that member */
} Run;

/* DsadEnv.report, when this process trains alone */
static void
report(void *ctx, const DsadProgress *member)
{
	Run		   *run = ctx;

	if (member->member != run->member)
	{
		run->finished += run->visited;
		run->progress->members_done = member->member;
	}
	run->member = member->member;
	run->visited = member->rows;
	run->progress->visited = run->finished + run->visited;
	deepsad_progress_update(run->progress, member);
}

/* Bytes of a row when it is scaled, with its label and its place in the shuffled order. */
static Size
scaled_row_bytes(uint32 inputs)
{
	return inputs * sizeof(float) + sizeof(int8) + sizeof(uint32);
}

/* Visits to rows by all members together, at most. */
static uint64
total_visits(const Run *run)
{
	return (uint64) run->config->members * dsad_member_visits(&run->model, &run->plan);
}

/* How many workers this training asks for. */
static int
wanted_workers(const Run *run)
{
	int			limit = run->config->workers >= 0 ? (int) run->config->workers : max_parallel_maintenance_workers;
	double		work = dsad_model_work(&run->model);

	if (run->config->workers < 0 &&
		(double) total_visits(run) * (3 * work + VISIT_WORK) < MIN_PARALLEL_WORK)
		return 0;
	return Min(limit, (int) run->config->members - 1);
}

/* Memory for a part in the current context. */
static void
alloc_part(DsadDataset *data, uint64 count, uint32 inputs)
{
	Size		size = mul_size(count, inputs * sizeof(float));

	data->scaled = MemoryContextAllocHuge(CurrentMemoryContext, Max(size, 1));
	data->label = MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1));
}

/* Trains all members in this process. */
static void
train_alone(Run *run, bool in_blocks, Size window_bytes)
{
	uint32		inputs = run->model.scaling.inputs;
	DeepsadBlockFile *file = NULL;
	DsadDataset parts[DSAD_PARTS];
	DsadError	error;

	memset(parts, 0, sizeof(parts));
	for (int part = 0; part < DSAD_PARTS; part++)
	{
		if (part == DSAD_PART_TRAINING && in_blocks)
		{
			file = deepsad_blockfile_create(inputs, NULL);
			deepsad_blockfile_dataset(file, &parts[part], run->plan.count[part], window_bytes);
		}
		else
			alloc_part(&parts[part], run->plan.count[part], inputs);
	}
	deepsad_check(dsad_fill(&run->model, &run->plan, &run->env, &run->source, parts, &error), &error);
	deepsad_rowstore_free(run->store);
	run->env.report = report;
	run->env.report_ctx = run;
	for (uint32 m = 0; m < (uint32) run->config->members; m++)
		deepsad_check((run->plan.update ? dsad_update_member : dsad_train_member)(&run->model, &run->plan, m, &run->env,
																				  parts, &error),
					  &error);
	run->env.report = NULL;
	deepsad_check(dsad_finish(&run->model, &run->plan, &run->arena, &run->env, parts, &error), &error);
	if (file)
		deepsad_blockfile_close(file);
	/* the model is about to be written: there is room for one copy */
	for (int part = 0; part < DSAD_PARTS; part++)
		if (parts[part].scaled)
		{
			pfree(parts[part].scaled);
			pfree(parts[part].label);
		}
}

/* Where a training's rows lie, and how many processes it has beside this one. */
typedef struct Room
{
	bool		in_blocks;
	Size		window;			/* of blocks, in each process */
	Size		held_out;
	int			workers;
} Room;

/*
 * Bytes that a training takes at its peak: rows, then either what the processes that train need, or
 * what it takes to look at the result (a scorer; with validation rows also untrained networks) or to
 * write it.  Workers hand over all members in shared memory.
 */
static double
needed_memory(const Run *run, const Room *room)
{
	double		model = (double) dsad_model_size(&run->model);
	double		member = model / (double) run->config->members;
	double		rows = room->in_blocks ?
						   (double) room->window * (room->workers + 1) :
						   (double) run->plan.count[DSAD_PART_TRAINING] *
							   (double) scaled_row_bytes(run->model.scaling.inputs);
	double		training = dsad_member_memory(&run->model, &run->plan) * (room->workers + 1) + member * room->workers;
	double		looking = model * (run->plan.count[DSAD_PART_VALIDATION] > 0 ? 2 : 1);

	return rows + (double) room->held_out + Max(training, looking) + (room->workers > 0 ? model : 0) +
		   (double) run->other_memory;
}

/*
 * Decides how to train within maintenance_work_mem, what everybody may take beyond it and the model; with fewer
 * workers if need be.  A training that cannot is refused while nothing has been taken: large networks and
 * batches are an option away, and so is the end of the machine's memory.
 */
static Room
find_room(const Run *run)
{
	Size		limit = mul_size(maintenance_work_mem, 1024);
	Size		most = add_size(limit, WORKING_MEMORY);
	Size		scaled = mul_size(run->plan.count[DSAD_PART_TRAINING], scaled_row_bytes(run->model.scaling.inputs));
	Room		room = {.workers = wanted_workers(run)};
	double		needed;

	room.held_out = mul_size(run->plan.count[DSAD_PART_VALIDATION] + run->plan.count[DSAD_PART_CALIBRATION],
							 scaled_row_bytes(run->model.scaling.inputs));
	room.in_blocks = run->source.sequential && add_size(scaled, room.held_out) > limit;
	room.window = Max(MIN_WINDOW_BYTES, Min(limit / WINDOW_PART, MAX_WINDOW_BYTES));
	if (room.in_blocks)
		room.workers = Min(room.workers, WINDOW_PART - 1);
	while (room.workers > 0 && needed_memory(run, &room) > (double) most)
		room.workers--;
	needed = needed_memory(run, &room);
	if (needed > (double) most)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("training this model needs about %.0f MB, the limit is %zu MB",
						needed / (1024 * 1024), most / (1024 * 1024)),
				 errdetail("The limit is maintenance_work_mem and %d MB.", WORKING_MEMORY / (1024 * 1024)),
				 errhint("Raise maintenance_work_mem, or lower \"members\", \"%s\", "
						 "\"batch_size\" or \"validation\".",
						 run->model.convs > 0 ? "channels" : "hidden")));
	return room;
}

/* Trains, in workers if there are any to be had. */
static void
train(Run *run)
{
	Room		room = find_room(run);
	Size		scaled = mul_size(run->plan.count[DSAD_PART_TRAINING], scaled_row_bytes(run->model.scaling.inputs));
	DeepsadParallel *parallel;
	DsadError	error;

	deepsad_rowstore_make_room(add_size(room.held_out, room.in_blocks ? room.window * (room.workers + 1) : scaled),
							   run->store);
	parallel = deepsad_parallel_begin(&run->model, &run->plan, &run->env, room.in_blocks, room.window, room.workers);
	if (parallel == NULL)
	{
		train_alone(run, room.in_blocks, room.window);
		return;
	}
	deepsad_check(dsad_fill(&run->model, &run->plan, &run->env, &run->source,
							deepsad_parallel_parts(parallel), &error),
				  &error);
	deepsad_rowstore_free(run->store);
	deepsad_parallel_train(parallel, &run->model, &run->plan, &run->env, run->progress);
	deepsad_check(
		dsad_finish(&run->model, &run->plan, &run->arena, &run->env, deepsad_parallel_parts(parallel), &error), &error);
	deepsad_parallel_end(parallel);
}

/* The rows as features, by way of their columns. */
static void
get_source(Run *run, DeepsadColumnCollector *columns)
{
	DsadRowSource rows;

	deepsad_rowstore_source(run->store, &rows);
	deepsad_columns_source(columns, &rows, &run->source);
}

/*
 * A run on the store's rows, its memory in a context of its own; raw and scaled rows fit beside each
 * other or go to a file.
 */
static void
start_run(Run *run, DeepsadRowStore *store, DeepsadColumnCollector *columns, const DsadConfig *config,
		  MemoryContext context, DeepsadProgress *progress)
{
	uint64		count = deepsad_rowstore_count(store);

	memset(run, 0, sizeof(*run));
	run->config = config;
	run->store = store;
	deepsad_env_init(&run->env, context);
	dsad_arena_init(&run->arena, &run->env);
	dsad_arena_init(&run->scratch, &run->env);
	get_source(run, columns);
	run->other_memory = deepsad_columns_memory(columns);
	if (add_size(deepsad_rowstore_memory(store),
				 mul_size(count, scaled_row_bytes(dsad_inputs(config, run->source.encoder)) + 2 * sizeof(uint64))) >
		mul_size(maintenance_work_mem, 1024))
	{
		deepsad_rowstore_spill(store);
		get_source(run, columns);
	}
	if (run->source.sequential)
	{
		deepsad_rowstore_sort(store, &run->source);
		get_source(run, columns);
	}
	run->progress = progress;
	progress->verbose = config->verbose != 0;
	progress->members = (uint32) config->members;
	progress->rows = count;
	progress->bytes = deepsad_rowstore_bytes(store);
	deepsad_progress_begin(progress);
}

/* Warns when the rows are of so few groups that none could be held aside. */
static void
warn_groups(const Run *run, DeepsadSaid *said)
{
	if (run->source.group == NULL || run->source.count < LEAST_GROUPED_ROWS || said->no_group ||
		run->config->calibration == DSAD_CALIBRATION_NONE || run->model.config.calibration != DSAD_CALIBRATION_NONE)
		return;
	said->no_group = true;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("rows are of too few groups to hold one aside: the model has no p-values"),
			 errhint("Choose columns for \"group_by\" that tell more groups apart.")));
}

/* Trains what was prepared. */
static void
finish_run(Run *run)
{
	run->progress->visits = total_visits(run);
	if (dsad_wants_blas(run->model.dims, run->model.layers, (size_t) run->config->batch_size))
		dsad_blas_bind();
	train(run);
}

/*
 * Trains a model on the store's rows (at least one) and frees the store; the
 * result is in the current context, NULL (with a warning) when no row is
 * eligible.  columns: what the
 * rows' columns are, finished.  said keeps many small groups from saying the same.
 */
bytea *
deepsad_training_run(DeepsadRowStore *store, DeepsadColumnCollector *columns, const DsadConfig *config, uint64 skipped,
					 const DsadDigest *digest, DeepsadProgress *progress, DeepsadSaid *said)
{
	MemoryContext old = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(old, "deepsad training", ALLOCSET_DEFAULT_SIZES);
	Run			run;
	DsadError	error;
	DsadStatus	status;
	bytea	   *result = NULL;

	start_run(&run, store, columns, config, context, progress);
	MemoryContextSwitchTo(context);
	status = dsad_prepare(&run.model, &run.plan, &run.arena, &run.scratch, &run.env, config, &run.source, &error);
	if (status == DSAD_NO_ELIGIBLE_ROWS)
	{
		deepsad_rowstore_free(store);
		if (!said->no_rows)
			ereport(WARNING,
					(errcode(ERRCODE_WARNING),
					 errmsg("no model: %s", error.message),
					 errhint("%s", error.hint)));
		said->no_rows = true;
	}
	else
	{
		deepsad_check(status, &error);
		run.model.facts.skipped = skipped;
		run.model.facts.digest = *digest;
		warn_groups(&run, said);
		finish_run(&run);
		deepsad_warn_model(&run.model, said);
		MemoryContextSwitchTo(old);
		result = deepsad_model_encode(&run.model);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return result;
}

/* An update of known anomalies alone makes the model forget what is normal. */
static void
warn_only_anomalies(const DsadFacts *facts, DeepsadSaid *said)
{
	if (facts->update_anomalies < facts->update_rows || said->only_anomalies)
		return;
	said->only_anomalies = true;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("all %llu rows of the update are labeled as anomalies", (unsigned long long) facts->update_rows),
			 errhint("Add a sample of ordinary rows, so that the model does not forget them: "
					 "WHERE label IS NOT NULL OR random() < 0.05.")));
}

/*
 * Goes on training a model on the store's rows (at least one), under options that
 * may be NULL, and frees the store; the result is in the current context.  said as above.
 */
bytea *
deepsad_training_update(DeepsadRowStore *store, DeepsadColumnCollector *columns, bytea *model, Jsonb *options,
						const DsadDigest *digest, DeepsadProgress *progress, DeepsadSaid *said)
{
	MemoryContext old = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(old, "deepsad training", ALLOCSET_DEFAULT_SIZES);
	DsadConfig	config;
	DsadModel	decoded;
	DsadEnv		env;
	DsadArena	arena;
	DsadError	error;
	Run			run;
	bytea	   *bytes;
	bytea	   *result;

	MemoryContextSwitchTo(context);
	bytes = (bytea *) pg_detoast_datum_packed((struct varlena *) model);
	deepsad_model_decode(&decoded, deepsad_columns_reading(columns)->encoder, &arena, &env, context, bytes);
	if (bytes != model)
		pfree(bytes);
	deepsad_options_parse_update(&decoded.config, options, deepsad_rowstore_count(store));
	config = decoded.config;
	progress->update = true;
	start_run(&run, store, columns, &config, context, progress);
	run.model = decoded;
	deepsad_check(dsad_prepare_update(&run.model, &run.plan, &run.arena, &run.scratch, &run.env, &run.source, &error),
				  &error);
	run.model.facts.update_digest = *digest;
	warn_only_anomalies(&run.model.facts, said);
	finish_run(&run);
	deepsad_warn_model(&run.model, said);
	MemoryContextSwitchTo(old);
	result = deepsad_model_encode(&run.model);
	MemoryContextDelete(context);
	return result;
}
