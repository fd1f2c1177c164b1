/*
 * window.c
 *	  deepsad_window: the last n rows of a series as one array, a window function.
 *
 * The numbers of the last n rows lie in a ring that lives as long as the partition.
 * A row costs one number into the ring and one copy out of it for each of its places;
 * no row is read twice.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "common/int.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include "core/dsad.h"
#include "pg/version_check.h"
#include "rows/number.h"

DEEPSAD_FUNCTION(deepsad_window);
DEEPSAD_FUNCTION(deepsad_window_gaps);

/* Of a call site: how its values are read. */
typedef struct WindowReader
{
	int			columns;
	DeepsadNumber number[FLEXIBLE_ARRAY_MEMBER];
} WindowReader;

/* Of a partition; zeros at its first row. */
typedef struct Window
{
	int32		rows;			/* n; 0 = this is the first row */
	int32		filled;			/* rows in the ring */
	int32		next;			/* the row that is overwritten next: the oldest, once the ring is full */
	Interval	step;			/* the largest, where there are times */
	Timestamp	last;			/* the time of the newest row, if any is in the ring */
	float4		ring[FLEXIBLE_ARRAY_MEMBER];	/* (rows, columns) */
} Window;

/* Whether a type is one of a time that a window can be ordered by. */
static bool
is_instant(Oid type)
{
	Oid			base = OidIsValid(type) ? getBaseType(type) : InvalidOid;

	return base == TIMESTAMPOID || base == TIMESTAMPTZOID || base == DATEOID;
}

/* The reader of this call site, whose values are the arguments from number `first` on. */
static WindowReader *
window_reader(FunctionCallInfo fcinfo, int first)
{
	WindowReader *reader = fcinfo->flinfo->fn_extra;
	int			columns = PG_NARGS() - first;

	if (reader)
		return reader;
	deepsad_check_versions();
	reader = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									offsetof(WindowReader, number) + columns * sizeof(DeepsadNumber));
	reader->columns = columns;
	for (int i = 0; i < columns; i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, first + i);
		DeepsadRefusal why = {"", ""};

		if (!OidIsValid(type) || type == UNKNOWNOID ||
			!deepsad_number_resolve(&reader->number[i], getBaseType(type), fcinfo->flinfo->fn_mcxt, &why))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("value %d of deepsad_window is of type %s, which is not a number", i + 1,
							OidIsValid(type) ? format_type_be(type) : "unknown"),
					 why.detail[0] ? errdetail("%s", why.detail) : 0,
					 is_instant(type) ?
						 errhint("A time is the second argument, the largest step the third: "
								 "deepsad_window(n, at, interval '15 minutes', ...).") :
						 errhint("Give each column as an argument of its own, cast to a number: (...)::real.")));
	}
	fcinfo->flinfo->fn_extra = reader;
	return reader;
}

/* The argument n of the current row. */
static int32
window_rows(WindowObject object, int columns)
{
	bool		null;
	int32		rows = DatumGetInt32(WinGetFuncArgCurrent(object, 0, &null));

	if (null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("n of deepsad_window must not be NULL")));
	if (rows < 1 || rows > DSAD_MAX_FEATURES / columns)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("n of deepsad_window is %d, must be between 1 and %d", rows, DSAD_MAX_FEATURES / columns),
				 errdetail("A window holds at most %d numbers.", DSAD_MAX_FEATURES)));
	return rows;
}

/* The partition's window, with its argument n, which stays what it is. */
static Window *
open_window(WindowObject object, int columns)
{
	Window	   *window;
	int32		rows;

	rows = window_rows(object, columns);
	window = WinGetPartitionLocalMemory(object, offsetof(Window, ring) + (Size) rows * columns * sizeof(float4));
	if (window->rows == 0)
		window->rows = rows;
	if (window->rows != rows)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n of deepsad_window changes from %d to %d", window->rows, rows),
				 errhint("All rows of a partition have the same n.")));
	/* no row before this one is read again, so the server need not keep it */
	WinSetMarkPosition(object, WinGetCurrentPosition(object));
	return window;
}

/* Puts the current row's values into the ring; NULL is NaN. */
static void
push_row(WindowObject object, Window *window, WindowReader *reader, int first)
{
	float4	   *row = window->ring + (Size) window->next * reader->columns;

	for (int i = 0; i < reader->columns; i++)
	{
		bool		null;
		Datum		value = WinGetFuncArgCurrent(object, first + i, &null);

		row[i] = null ? NAN : (float4) deepsad_number_read(&reader->number[i], value);
		if (unlikely(isinf(row[i])))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("value %d of deepsad_window is infinite, or beyond the range of real", i + 1),
					 errhint("Use NULL for a missing value.")));
	}
	if (++window->next == window->rows)
		window->next = 0;
	if (window->filled < window->rows)
		window->filled++;
}

/* The ring as an array, oldest row first, in the current context. */
static ArrayType *
window_array(const Window *window, int columns)
{
	Size		before = (Size) window->next * columns;
	Size		all = (Size) window->rows * columns;
	Size		size = ARR_OVERHEAD_NONULLS(1) + all * sizeof(float4);
	ArrayType  *array = palloc(size);
	float4	   *values;

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = FLOAT4OID;
	*ARR_DIMS(array) = (int) all;
	*ARR_LBOUND(array) = 1;
	values = (float4 *) ARR_DATA_PTR(array);
	memcpy(values, window->ring + before, (all - before) * sizeof(float4));
	memcpy(values + all - before, window->ring, before * sizeof(float4));
	return array;
}

/* Adds the current row, whose values are the arguments from number `first` on, and returns the window or NULL. */
static Datum
next_window(FunctionCallInfo fcinfo, WindowObject object, Window *window, WindowReader *reader, int first)
{
	push_row(object, window, reader, first);
	if (window->filled < window->rows)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(window_array(window, reader->columns));
}

/*
 * deepsad_window(n, VARIADIC values) OVER (PARTITION BY series ORDER BY at) -> real[]:
 * the values of the last n rows, oldest first, a row's beside each other; NULL for the
 * first n - 1 rows of a partition.
 */
Datum
deepsad_window(PG_FUNCTION_ARGS)
{
	WindowObject object = PG_WINDOW_OBJECT();
	WindowReader *reader = window_reader(fcinfo, 1);
	Window	   *window = open_window(object, reader->columns);

	return next_window(fcinfo, object, window, reader, 1);
}

/* Checks the argument step of the current row, and keeps it at the first. */
static void
check_step(WindowObject object, Window *window, bool first)
{
	const Interval zero = {0};
	bool		null;
	Datum		datum = WinGetFuncArgCurrent(object, 2, &null);
	const Interval *step = DatumGetIntervalP(datum);

	if (null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the largest step of deepsad_window must not be NULL")));
	if (first && DatumGetBool(DirectFunctionCall2(interval_le, datum, IntervalPGetDatum(&zero))))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the largest step of deepsad_window is %s, must be positive",
						DatumGetCString(DirectFunctionCall1(interval_out, datum)))));
	if (first)
		window->step = *step;
	if (step->time != window->step.time || step->day != window->step.day || step->month != window->step.month)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the largest step of deepsad_window changes from %s to %s",
						DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(&window->step))),
						DatumGetCString(DirectFunctionCall1(interval_out, datum))),
				 errhint("All rows of a partition have the same step.")));
}

/* Whether a row comes later than the largest step after the newest one; days and months are those of the calendar. */
static bool
is_gap(const Window *window, Timestamp at, bool with_zone)
{
	Datum		limit;
	int64		step;

	if (window->step.day == 0 && window->step.month == 0)
		return pg_sub_s64_overflow(at, window->last, &step) || step > window->step.time;
	if (with_zone)
		limit = DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(window->last),
									IntervalPGetDatum(&window->step));
	else
		limit = DirectFunctionCall2(timestamp_pl_interval, TimestampGetDatum(window->last),
									IntervalPGetDatum(&window->step));
	return at > DatumGetTimestamp(limit);
}

/*
 * deepsad_window(n, at, step, VARIADIC values) OVER (PARTITION BY series ORDER BY at):
 * the same, but NULL also where n rows have not yet followed each other within step.
 * A row without a finite time is in no window and ends the rows before it.
 */
Datum
deepsad_window_gaps(PG_FUNCTION_ARGS)
{
	WindowObject object = PG_WINDOW_OBJECT();
	WindowReader *reader = window_reader(fcinfo, 3);
	Window	   *window = open_window(object, reader->columns);
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 1);
	bool		null;
	Datum		datum = WinGetFuncArgCurrent(object, 1, &null);
	Timestamp	at = null ? 0 : DatumGetTimestamp(datum);	/* on 32 bits a NULL must not be looked at */

	check_step(object, window, WinGetCurrentPosition(object) == 0);
	if (null || TIMESTAMP_NOT_FINITE(at))
	{
		window->filled = window->next = 0;
		PG_RETURN_NULL();
	}
	if (window->filled > 0 && at < window->last)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows of deepsad_window are not in the order of their times"),
				 errhint("Write OVER (PARTITION BY ... ORDER BY ...) with the column that is the second argument.")));
	if (window->filled > 0 && is_gap(window, at, type == TIMESTAMPTZOID))
		window->filled = window->next = 0;
	window->last = at;
	return next_window(fcinfo, object, window, reader, 3);
}
