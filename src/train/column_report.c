/*
 * column_report.c
 *	  What a training says of its columns: which are left out and why, and which are
 *	  suspicious.  A statement that trains many groups says it once for all of them.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "model/column_options.h"
#include "train/column_report.h"
#include "rows/column_text.h"
#include "rows/value_reader.h"

/* One message, without the number of groups that it is about. */
typedef struct Message
{
	int			level;			/* NOTICE: it is left out, because ... */
	char	   *subject;
	char	   *text;
	char	   *hint;
	uint64		groups;
} Message;

/* How far a column that nothing was said of in any group looks like a serial number. */
typedef struct Evidence
{
	char	   *subject;
	char	   *hint;
	double		evidence;		/* sum over the groups of -log(chance) */
	uint64		groups;
	bool		said;			/* something else */
} Evidence;

struct DeepsadColumnReport
{
	MemoryContext context;
	List	   *messages;
	List	   *evidence;
};

#define SERIAL_TEXT "looks like a serial number"

/* An empty report in context. */
DeepsadColumnReport *
deepsad_column_report_create(MemoryContext context)
{
	DeepsadColumnReport *report = MemoryContextAllocZero(context, sizeof(DeepsadColumnReport));

	report->context = context;
	return report;
}

/* How to keep a column all the same. */
static char *
keep_hint(const DsadColumn *column)
{
	const char *as = column->encoding == DSAD_ENCODING_TIME		? "time" :
					 column->encoding == DSAD_ENCODING_BOOLEAN	? "boolean" :
					 column->encoding == DSAD_ENCODING_CATEGORY ? "category" :
																  "number";
	char	   *name = deepsad_utf8_text(&column->name);

	if (dsad_column_is_instant(column))
		return psprintf("Keep its time of day and day of week: %s, or itself: %s.",
						deepsad_column_example(name, "time"), deepsad_column_example(name, "number"));
	return psprintf("Keep it: %s.", deepsad_column_example(name, as));
}

static char *
skip_hint(const DsadColumn *column, const char *unless)
{
	return psprintf("%s, leave it out: %s.", unless, deepsad_column_example(deepsad_utf8_text(&column->name), "skip"));
}

/* Adds a message, or these groups to it. */
static void
add(DeepsadColumnReport *report, int level, const char *subject, const char *text, const char *hint, uint64 groups)
{
	ListCell   *cell;
	Message    *message;
	MemoryContext old;

	foreach (cell, report->messages)
	{
		message = lfirst(cell);
		if (message->level == level && strcmp(message->subject, subject) == 0 && strcmp(message->text, text) == 0)
		{
			message->groups += groups;
			return;
		}
	}
	old = MemoryContextSwitchTo(report->context);
	message = palloc(sizeof(Message));
	*message = (Message) {level, pstrdup(subject), pstrdup(text), pstrdup(hint), groups};
	report->messages = lappend(report->messages, message);
	MemoryContextSwitchTo(old);
}

/* Adds one group to the evidence that a column numbers the rows of all groups together. */
static void
add_evidence(DeepsadColumnReport *report, const DsadColumn *column, const char *subject, const DsadCandidate *candidate)
{
	Evidence   *found = NULL;
	ListCell   *cell;

	foreach (cell, report->evidence)
	{
		Evidence   *one = lfirst(cell);

		if (strcmp(one->subject, subject) == 0)
			found = one;
	}
	if (found == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(report->context);

		found = palloc0(sizeof(Evidence));
		found->subject = pstrdup(subject);
		found->hint = skip_hint(column, "If it is one");
		report->evidence = lappend(report->evidence, found);
		MemoryContextSwitchTo(old);
	}
	found->groups++;
	found->evidence -= candidate->serial_chance;
	found->said |= candidate->left_out || candidate->warning != DSAD_WARNING_NONE;
}

/*
 * Says of columns that number the rows of all groups together, where no group's rows are enough to be sure.  By
 * chance the evidence of n groups is n on average, and more than five standard deviations, sqrt(n) each, above it
 * hardly ever.
 */
static void
weigh_evidence(DeepsadColumnReport *report)
{
	ListCell   *cell;

	foreach (cell, report->evidence)
	{
		const Evidence *one = lfirst(cell);
		double		groups = (double) one->groups;

		if (one->said || one->groups < 2 || one->evidence <= groups + 5 * sqrt(groups) + 12)
			continue;
		add(report, WARNING, one->subject, SERIAL_TEXT, one->hint, one->groups);
	}
	report->evidence = NIL;
}

/* Says of a column of one group what was decided. */
void
deepsad_column_report_add(DeepsadColumnReport *report, const DsadEncoder *draft, uint32 c,
						  const DsadCandidate *candidate)
{
	const DsadColumn *column = &draft->column[c];
	char	   *label = psprintf("column %s", deepsad_column_label(draft, c));
	DsadBytes	none = {"", 0};

	if (column->type == DSAD_TYPE_NUMBER)
		add_evidence(report, column, label, candidate);
	if (candidate->left_out)
	{
		DsadBytes	other = candidate->reason == DSAD_LEFT_OUT_MOVES ? draft->column[candidate->other].name : none;

		add(report, NOTICE, label, deepsad_left_out_text((DsadLeftOutReason) candidate->reason, other),
			keep_hint(column), 1);
		return;
	}
	switch ((DsadColumnWarning) candidate->warning)
	{
		case DSAD_WARNING_NONE:
		case DSAD_WARNINGS:
			break;
		case DSAD_WARNING_LABEL:
			add(report, WARNING, label, "tells the label", skip_hint(column, "If new rows will not have it"), 1);
			break;
		case DSAD_WARNING_TELLING:
			if (dsad_encoder_is_array(draft))
				add(report, WARNING, psprintf("feature %u", candidate->element + 1), "tells the label",
					"If new rows will not have it, leave it out of the array.", 1);
			else
				add(report, WARNING, label, psprintf("tells the label in element %u", candidate->element + 1),
					"If new rows will not have it, leave it out of the array.", 1);
			break;
		case DSAD_WARNING_SERIAL:
			add(report, WARNING, label, SERIAL_TEXT, skip_hint(column, "If it is one"), 1);
			break;
		case DSAD_WARNING_TIME:
			add(report, WARNING, label, "looks like a time; expect drift",
				skip_hint(column, "If later rows have later ones"), 1);
			break;
		case DSAD_WARNING_MOVES:
			add(report, WARNING, label,
				psprintf("moves with column %s; expect drift", deepsad_column_label(draft, candidate->other)),
				skip_hint(column, "If later rows will go on moving"), 1);
			break;
	}
}

/* Sends the messages and forgets them. */
void
deepsad_column_report_send(DeepsadColumnReport *report)
{
	List	   *messages;
	ListCell   *cell;

	weigh_evidence(report);
	messages = report->messages;
	report->messages = NIL;
	foreach (cell, messages)
	{
		const Message *message = lfirst(cell);
		char	   *groups = message->groups > 1 ? psprintf(" in " UINT64_FORMAT " groups", message->groups) : "";

		if (message->level == NOTICE)
			ereport(NOTICE,
					(errmsg("%s is left out%s: %s", message->subject, groups, message->text),
					 errhint("%s", message->hint)));
		else
			ereport(WARNING,
					(errcode(ERRCODE_WARNING),
					 errmsg("%s%s %s", message->subject, groups, message->text),
					 errhint("%s", message->hint)));
	}
}
