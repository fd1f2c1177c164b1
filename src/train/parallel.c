/*
 * parallel.c
 *	  Trains the members of a model in PostgreSQL's parallel workers.
 *
 * The leader and its workers take members one by one.  A member depends on its
 * number alone, so the model is the same whoever trains what, and however many
 * workers could be started.  The scaled rows lie in the shared memory segment or,
 * when they are too many, in a shared temporary file.
 */
#include "pg/pg_compat.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "train/blockfile.h"
#include "pg/core_env.h"
#include "train/parallel.h"

#define KEY_SHARED UINT64CONST(0x4453414400000001)
#define KEY_RESULTS UINT64CONST(0x4453414400000002)
#define KEY_ROWS UINT64CONST(0x4453414400000003)

/* What the processes of one training share; offsets, not pointers, lead to the rest. */
typedef struct Shared
{
	DsadConfig	config;
	uint32		features;
	DsadPicture picture;
	uint32		inputs;
	DsadFacts	facts;
	DsadPlan	plan;			/* without its order; in an update the results hold the members to go on from */
	bool		in_blocks;
	Size		window_bytes;
	Size		result_bytes;	/* of each member's place among the results */
	SharedFileSet fileset;
	pg_atomic_uint32 next_member;
	pg_atomic_uint32 members_done;
	pg_atomic_uint64 visited;
} Shared;

/* One member's result: its length, then its bytes, of which there are Shared's result_bytes less this header. */
typedef struct Result
{
	bool		done;
	Size		length;
	uint8		bytes[FLEXIBLE_ARRAY_MEMBER];
} Result;

struct DeepsadParallel
{
	ParallelContext *context;
	Shared	   *shared;
	char	   *results;
	DeepsadBlockFile *file;
	DsadDataset parts[DSAD_PARTS];
};

extern PGDLLEXPORT void deepsad_parallel_main(dsm_segment *segment, shm_toc *toc);

/* Where a process of the training sends its reports. */
typedef struct Reporter
{
	Shared	   *shared;
	DeepsadProgress *progress;	/* NULL in a worker */
	uint64		visited;		/* of this member that were counted */
} Reporter;

/* Bytes of a part's rows in memory. */
static Size
part_bytes(const DsadPlan *plan, uint32 inputs, int part)
{
	return mul_size(plan->count[part], inputs * sizeof(float) + sizeof(int8));
}

/* Lays the parts out in rows: numbers first, then labels; a part in blocks is left alone. */
static void
place_parts(DsadDataset *parts, const Shared *shared, char *rows)
{
	for (int part = 0; part < DSAD_PARTS; part++)
	{
		DsadDataset *data = &parts[part];

		if (part == DSAD_PART_TRAINING && shared->in_blocks)
			continue;
		data->count = shared->plan.count[part];
		data->inputs = shared->inputs;
		data->scaled = (float *) rows;
		rows += data->count * shared->inputs * sizeof(float);
		data->label = (int8_t *) rows;
		rows += MAXALIGN(data->count);
	}
}

static Size
rows_bytes(const DsadPlan *plan, uint32 inputs, bool in_blocks)
{
	Size		size = 0;

	for (int part = 0; part < DSAD_PARTS; part++)
		if (part != DSAD_PART_TRAINING || !in_blocks)
			size = add_size(size, add_size(part_bytes(plan, inputs, part), MAXIMUM_ALIGNOF));
	return size;
}

/*
 * Whether the error that was just raised says that there is no segment to be had.  Without one the server asks for
 * private memory, and for more than a piece of that may have it raises an internal error.
 */
static bool
is_lack_of_memory(ParallelContext *context)
{
	int			code = geterrcode();

	return code == ERRCODE_DISK_FULL || code == ERRCODE_OUT_OF_MEMORY ||
		   (code == ERRCODE_INTERNAL_ERROR && !AllocSizeIsValid(shm_toc_estimate(&context->estimator)));
}

/*
 * Makes the context's shared memory segment; false when there is none to be had.  On a full
 * /dev/shm (64 MB in many containers) the server raises an error where we can do without: what it
 * leaves behind belongs to an owner of its own.  The segment itself ends with the context, or with
 * that owner when the error came after it.
 */
static bool
make_segment(ParallelContext *context)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner outer = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(outer, "deepsad segment");

	CurrentResourceOwner = owner;
	PG_TRY();
	{
		InitializeParallelDSM(context);
		if (context->seg)
			dsm_pin_mapping(context->seg);
	}
	PG_CATCH();
	{
		CurrentResourceOwner = outer;
		if (!is_lack_of_memory(context))
			PG_RE_THROW();
		context->seg = NULL;
		/* the error may have come where the server held locks, of its session's segment for one */
		LWLockReleaseAll();
		MemoryContextSwitchTo(old);
		FlushErrorState();
	}
	PG_END_TRY();
	CurrentResourceOwner = outer;
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(owner);
	return context->seg != NULL;
}

/* Writes a member to its place, whose size was reckoned for this training's epochs. */
static void
put_result(Result *result, const Shared *shared, const DsadModel *model, uint32 member, const DsadEnv *env)
{
	result->length =
		dsad_member_encode(model, member, env, result->bytes, shared->result_bytes - offsetof(Result, bytes));
	if (result->length == 0)
		elog(ERROR, "member %u does not fit its place of %zu bytes", member + 1, shared->result_bytes);
}

/*
 * Prepares up to `workers` workers for a model that dsad_prepare laid out; NULL
 * when there can be none, and all is to be done here.  The rows go to
 * deepsad_parallel_parts.
 */
DeepsadParallel *
deepsad_parallel_begin(const DsadModel *model, const DsadPlan *plan, const DsadEnv *env, bool in_blocks,
					   Size window_bytes, int workers)
{
	uint32		inputs = model->scaling.inputs;
	Size		result_bytes = MAXALIGN(add_size(offsetof(Result, bytes), dsad_member_size(model)));
	Size		results_bytes = mul_size(result_bytes, (Size) model->config.members);
	Size		size = rows_bytes(plan, inputs, in_blocks);
	DeepsadParallel *parallel;
	ParallelContext *context;
	Shared	   *shared;

	if (workers < 1 || IsParallelWorker())
		return NULL;
	EnterParallelMode();
	context = CreateParallelContext("deepsad", "deepsad_parallel_main", workers);
	shm_toc_estimate_chunk(&context->estimator, sizeof(Shared));
	shm_toc_estimate_chunk(&context->estimator, results_bytes);
	shm_toc_estimate_chunk(&context->estimator, size);
	shm_toc_estimate_keys(&context->estimator, 3);
	if (!make_segment(context))
	{
		DestroyParallelContext(context);
		ExitParallelMode();
		return NULL;
	}

	shared = shm_toc_allocate(context->toc, sizeof(Shared));
	memset(shared, 0, sizeof(Shared));
	shared->config = model->config;
	shared->features = model->scaling.features;
	shared->picture = model->picture;
	shared->inputs = inputs;
	shared->facts = model->facts;
	shared->plan = *plan;
	shared->plan.order = NULL;
	shared->in_blocks = in_blocks;
	shared->window_bytes = window_bytes;
	shared->result_bytes = result_bytes;
	pg_atomic_init_u32(&shared->next_member, 0);
	pg_atomic_init_u32(&shared->members_done, 0);
	pg_atomic_init_u64(&shared->visited, 0);
	shm_toc_insert(context->toc, KEY_SHARED, shared);

	parallel = palloc0(sizeof(DeepsadParallel));
	parallel->context = context;
	parallel->shared = shared;
	parallel->results = shm_toc_allocate(context->toc, results_bytes);
	for (uint32 m = 0; m < (uint32) model->config.members; m++)
	{
		Result	   *result = (Result *) (parallel->results + m * result_bytes);

		result->done = false;
		result->length = 0;
		if (plan->update)
			put_result(result, shared, model, m, env);
	}
	shm_toc_insert(context->toc, KEY_RESULTS, parallel->results);
	{
		char	   *rows = shm_toc_allocate(context->toc, size);

		shm_toc_insert(context->toc, KEY_ROWS, rows);
		place_parts(parallel->parts, shared, rows);
	}
	if (in_blocks)
	{
		SharedFileSetInit(&shared->fileset, context->seg);
		parallel->file = deepsad_blockfile_create(inputs, &shared->fileset);
		deepsad_blockfile_dataset(parallel->file, &parallel->parts[DSAD_PART_TRAINING],
								  plan->count[DSAD_PART_TRAINING], window_bytes);
	}
	return parallel;
}

/* Where dsad_fill is to write the rows. */
DsadDataset *
deepsad_parallel_parts(DeepsadParallel *parallel)
{
	return parallel->parts;
}

/* DsadEnv.report: adds this member's visits to those of all. */
static void
report(void *ctx, const DsadProgress *member)
{
	Reporter   *reporter = ctx;
	Shared	   *shared = reporter->shared;

	if (member->rows > reporter->visited)
		pg_atomic_fetch_add_u64(&shared->visited, (int64) (member->rows - reporter->visited));
	reporter->visited = member->rows;
	if (reporter->progress)
	{
		reporter->progress->visited = pg_atomic_read_u64(&shared->visited);
		reporter->progress->members_done = pg_atomic_read_u32(&shared->members_done);
		deepsad_progress_update(reporter->progress, member);
	}
}

/* Trains members as long as there are any; model is this process's own. */
static void
train_members(Shared *shared, char *results, DsadModel *model, const DsadPlan *plan,
			  const DsadDataset *parts, const DsadEnv *env, DeepsadProgress *progress)
{
	DsadEnv		reporting = *env;
	Reporter	reporter = {shared, progress, 0};
	uint32		member;

	reporting.report = report;
	reporting.report_ctx = &reporter;
	while ((member = pg_atomic_fetch_add_u32(&shared->next_member, 1)) < (uint32) model->config.members)
	{
		Result	   *result = (Result *) (results + member * shared->result_bytes);
		DsadError	error;

		reporter.visited = 0;
		if (plan->update)
			deepsad_check(dsad_member_decode(model, member, env, result->bytes, result->length, &error), &error);
		deepsad_check(
			(plan->update ? dsad_update_member : dsad_train_member)(model, plan, member, &reporting, parts, &error),
			&error);
		put_result(result, shared, model, member, env);
		result->done = true;
		pg_atomic_fetch_add_u32(&shared->members_done, 1);
	}
}

/* Waits for members that workers still train; their errors are raised here. */
static void
wait_for_workers(DeepsadParallel *parallel, const DsadModel *model, DeepsadProgress *progress)
{
	Shared	   *shared = parallel->shared;
	DsadProgress waiting = {DSAD_PHASE_TRAINING, (uint32_t) model->config.members - 1, 0, 0, false, 0, 0, 0};

	while (pg_atomic_read_u32(&shared->members_done) < (uint32) model->config.members)
	{
		bool		alive = false;

		for (int i = 0; i < parallel->context->nworkers_launched; i++)
			alive |= parallel->context->worker[i].error_mqh != NULL;
		if (!alive)
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 100L,
						 WAIT_EVENT_PARALLEL_FINISH);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		progress->visited = pg_atomic_read_u64(&shared->visited);
		progress->members_done = pg_atomic_read_u32(&shared->members_done);
		deepsad_progress_update(progress, &waiting);
	}
	WaitForParallelWorkersToFinish(parallel->context);
}

/* Trains all members of the model, whose rows have been written to the parts, and collects them. */
void
deepsad_parallel_train(DeepsadParallel *parallel, DsadModel *model, const DsadPlan *plan,
					   const DsadEnv *env, DeepsadProgress *progress)
{
	Shared	   *shared = parallel->shared;

	if (parallel->file)
		deepsad_blockfile_export(parallel->file);
	LaunchParallelWorkers(parallel->context);
	progress->workers = (uint32) parallel->context->nworkers_launched;
	train_members(shared, parallel->results, model, plan, parallel->parts, env, progress);
	wait_for_workers(parallel, model, progress);
	for (uint32 m = 0; m < (uint32) model->config.members; m++)
	{
		Result	   *result = (Result *) (parallel->results + m * shared->result_bytes);
		DsadError	error;

		if (!result->done)
			elog(ERROR, "member %u was not trained", m + 1);
		deepsad_check(dsad_member_decode(model, m, env, result->bytes, result->length, &error), &error);
	}
}

/* Gives workers, shared memory and files back. */
void
deepsad_parallel_end(DeepsadParallel *parallel)
{
	if (parallel->file)
		deepsad_blockfile_close(parallel->file);
	DestroyParallelContext(parallel->context);
	ExitParallelMode();
	pfree(parallel);
}

/* A worker's model: it trains one member at a time, so all have the same memory. */
static void
alloc_model(DsadModel *model, DsadArena *arena, const Shared *shared)
{
	DsadConfig	one = shared->config;
	DsadMember *members = palloc(mul_size((Size) shared->config.members, sizeof(DsadMember)));
	DsadError	error;

	one.members = 1;
	deepsad_check(dsad_model_alloc(model, arena, &one, shared->features, shared->inputs, shared->picture, &error),
				  &error);
	deepsad_check(dsad_model_alloc_losses(model, arena, &error), &error);
	for (int64 m = 0; m < shared->config.members; m++)
		members[m] = model->members[0];
	model->members = members;
	model->config = shared->config;
	model->facts = shared->facts;
}

/* What a worker does. */
void
deepsad_parallel_main(dsm_segment *segment, shm_toc *toc)
{
	Shared	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	char	   *results = shm_toc_lookup(toc, KEY_RESULTS, false);
	char	   *rows = shm_toc_lookup(toc, KEY_ROWS, false);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad training",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	DeepsadBlockFile *file = NULL;
	DsadDataset parts[DSAD_PARTS];
	DsadModel	model;
	DsadEnv		env;
	DsadArena	arena;

	deepsad_env_init(&env, context);
	dsad_arena_init(&arena, &env);
	alloc_model(&model, &arena, shared);
	memset(parts, 0, sizeof(parts));
	place_parts(parts, shared, rows);
	if (shared->in_blocks)
	{
		SharedFileSetAttach(&shared->fileset, segment);
		file = deepsad_blockfile_open(shared->inputs, &shared->fileset);
		deepsad_blockfile_dataset(file, &parts[DSAD_PART_TRAINING],
								  shared->plan.count[DSAD_PART_TRAINING], shared->window_bytes);
	}
	if (dsad_wants_blas(model.dims, model.layers, (size_t) model.config.batch_size))
		dsad_blas_bind();
	train_members(shared, results, &model, &shared->plan, parts, &env, NULL);
	if (file)
		deepsad_blockfile_close(file);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
