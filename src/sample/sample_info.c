/*
 * sample_info.c
 *	  deepsad_sample_info: what a training set holds.
 */
#include "pg/pg_compat.h"

#include "utils/builtins.h"

#include "pg/digest_text.h"
#include "pg/jsonb_build.h"
#include "sample/sample_rows.h"
#include "sample/sample_state.h"

DEEPSAD_FUNCTION(deepsad_sample_info);

/* A picture's channels, height and width. */
static void
push_shape(JsonbParseState **state, const DsadShape *shape)
{
	deepsad_push_key(state, "picture");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	deepsad_push_int(state, NULL, shape->channels);
	deepsad_push_int(state, NULL, shape->height);
	deepsad_push_int(state, NULL, shape->width);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_columns(JsonbParseState **state, const DsadSampleView *view)
{
	DeepsadRowForm form;

	deepsad_row_form(&form, view);
	deepsad_push_key(state, "columns");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < form.columns; i++)
	{
		const DsadSampleColumn *column = &view->column[form.column[i]];

		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		if (form.desc)
			deepsad_push_string(state, "name", deepsad_server_text(column->name));
		deepsad_push_string(state, "type", format_type_be(deepsad_content_oid(column->type)));
		if (column->form == DSAD_FORM_PICTURE)
			push_shape(state, &column->shape);
		if (column->partial)
			deepsad_push_bool(state, "missing_in_some_rows", true);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Rows that the entries of each label stand for, the largest share of one of them, and the digest. */
static void
push_rows(JsonbParseState **state, const DsadSampleView *view, DsadDigest *digest)
{
	uint64		entries = 0;
	uint64		rows[DSAD_SAMPLE_KINDS] = {0};
	uint64		heaviest = 0;
	uint64		sum;
	DsadSampleCursor cursor;
	DsadSampleRow row;

	dsad_sample_start(&cursor, view);
	while (deepsad_rows_next(view, &cursor, &row))
	{
		entries++;
		rows[row.label + 1] = dsad_sample_sum(rows[row.label + 1], row.count);
		heaviest = Max(heaviest, row.count);
		deepsad_rows_digest_add(digest, view, &row);
	}
	sum = dsad_sample_sum(dsad_sample_sum(rows[0], rows[1]), rows[2]);
	deepsad_push_int(state, "entries", (int64) entries);
	deepsad_push_int(state, "rows", (int64) Min(sum, (uint64) PG_INT64_MAX));
	deepsad_push_int(state, "anomalies", (int64) Min(rows[DSAD_ANOMALY + 1], (uint64) PG_INT64_MAX));
	deepsad_push_int(state, "normals", (int64) Min(rows[DSAD_NORMAL + 1], (uint64) PG_INT64_MAX));
	deepsad_push_float(state, "heaviest_share", sum ? (double) heaviest / (double) sum : 0);
}

/* deepsad_sample_info(rows) */
Datum
deepsad_sample_info(PG_FUNCTION_ARGS)
{
	JsonbParseState *state = NULL;
	DsadDigest	digest = {0, 0};
	DeepsadRows rows;
	const DsadSampleView *view = &rows.view;
	uint64		seen;
	bool		complete;

	deepsad_rows_open(&rows, PG_GETARG_DATUM(0), CurrentMemoryContext);
	complete = view->limit[0] == DSAD_SAMPLE_NO_LIMIT && view->limit[1] == DSAD_SAMPLE_NO_LIMIT &&
			   view->limit[2] == DSAD_SAMPLE_NO_LIMIT;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_rows(&state, view, &digest);
	seen = dsad_sample_sum(dsad_sample_sum(view->seen[0], view->seen[1]), view->seen[2]);
	deepsad_push_int(&state, "rows_seen", (int64) Min(seen, (uint64) PG_INT64_MAX));
	deepsad_push_int(&state, "anomalies_seen", (int64) Min(view->seen[DSAD_ANOMALY + 1], (uint64) PG_INT64_MAX));
	deepsad_push_int(&state, "normals_seen", (int64) Min(view->seen[DSAD_NORMAL + 1], (uint64) PG_INT64_MAX));
	deepsad_push_int(&state, "skipped", (int64) Min(view->skipped, (uint64) PG_INT64_MAX));
	deepsad_push_bool(&state, "complete", complete);
	deepsad_push_bool(&state, "keys", view->keyed);
	push_columns(&state, view);
	deepsad_push_int(&state, "seed", view->seed);
	deepsad_push_int(&state, "max_rows", view->max_rows);
	deepsad_push_int(&state, "max_bytes", (int64) view->max_bytes);
	deepsad_push_int(&state, "bytes", (int64) VARSIZE_ANY_EXHDR(rows.value));
	deepsad_push_string(&state, "digest", deepsad_digest_text(&digest));
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
