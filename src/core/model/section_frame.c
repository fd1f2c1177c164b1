/*
 * section_frame.c
 *	  Sections of a model's bytes, each with a header of 16 bytes: tag 4, flags 4, length 8.
 */
#include "core/model/section_frame.h"

#include <string.h>

#include "core/model/model.h"

#define CRITICAL 1				/* flag: who does not know such a section cannot read the model */

/* The sections, in their order. */
static const struct
{
	char		tag[5];
	bool		critical;
	bool		optional;		/* only some models have it: there it is asked for */
} sections[] = {
	{"OPTS", true, false},
	{"ENCO", true, false},
	{"SCAL", true, false},
	{"WHIT", true, true},
	{"FACT", false, false},
	{"TRST", false, false},
	{"MEMB", true, false},
	{"HIST", false, false},
	{"CALI", false, false},
	{"SKET", false, false},
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* The place of a section, from 1; 0: it is unknown. */
static uint32_t
find_place(const void *tag)
{
	for (uint32_t i = 0; i < SECTIONS; i++)
		if (memcmp(tag, sections[i].tag, 4) == 0)
			return i + 1;
	return 0;
}

/* The header of a section that this version knows: tag, flags, room for its length; returns where its body starts. */
size_t
dsad_begin_section(DsadWriter *w, const char *tag)
{
	dsad_put_bytes(w, tag, 4);
	dsad_put_int(w, sections[find_place(tag) - 1].critical ? CRITICAL : 0, 4);
	dsad_put_int(w, 0, 8);
	return w->length;
}

/* Writes the length of the body that began at start. */
void
dsad_end_section(DsadWriter *w, size_t start)
{
	if (!w->failed)
		dsad_store_int(w->bytes + start - 8, w->length - start, 8);
}

DsadStatus
dsad_corrupt(DsadError *error, const char *what)
{
	return dsad_fail(error, DSAD_CORRUPT, NULL, "invalid deepsad model: %s", what);
}

/* Fails unless the body was read to its exact end and every number was good. */
DsadStatus
dsad_finish_section(const DsadReader *body, const char *tag, DsadError *error)
{
	if (!body->failed && body->left == 0)
		return DSAD_OK;
	return dsad_fail(error, DSAD_CORRUPT, NULL, "invalid deepsad model: section \"%s\" is malformed", tag);
}

/* Something that only a later version knows: a format, or a part of the model. */
DsadStatus
dsad_newer(const DsadReader *r, DsadError *error)
{
	if (r->format > DSAD_FORMAT)
		return dsad_fail(error, DSAD_NEWER_FORMAT, NULL, "model was made by deepsad format %u, this is %u", r->format,
						 DSAD_FORMAT);
	return dsad_fail(error, DSAD_NEWER_FORMAT, NULL, "model has parts that this version of deepsad does not know");
}

typedef struct Head
{
	const uint8_t *tag;
	uint32_t	flags;
	uint64_t	length;			/* of the body that follows */
} Head;

/* Reads the head of a section; false when the section is cut short. */
static bool
get_head(DsadReader *r, Head *head)
{
	head->tag = dsad_get_bytes(r, 4);
	head->flags = (uint32_t) dsad_get_int(r, 4);
	head->length = dsad_get_int(r, 8);
	return !r->failed && head->length <= r->left;
}

/*
 * Whether a known section may stand behind that of r->place: the next one, or the one behind an optional one, or, if it
 * is asked for, the same again, as members are.
 */
static bool
is_in_place(const DsadReader *r, uint32_t place, bool asked)
{
	if (sections[place - 1].optional && !asked)
		return false;
	return place == r->place + 1 || (place == r->place + 2 && sections[r->place].optional) ||
		   (asked && place == r->place);
}

/*
 * Hands out the next section's body; `known` says whether its tag is the one given.  Known sections come in their
 * order, each once but for the members, whether their bodies are asked for or skipped.
 */
static DsadStatus
next_section(DsadReader *r, const char *tag, DsadReader *body, bool *known, DsadError *error)
{
	Head		head;
	uint32_t	place;

	if (!get_head(r, &head))
		return dsad_corrupt(error, "a section is cut short");
	if (head.flags & ~(uint32_t) CRITICAL)
		return dsad_newer(r, error);
	*body = (DsadReader) {dsad_get_bytes(r, (size_t) head.length), (size_t) head.length, false, r->watch, r->format, 0};
	*known = tag != NULL && memcmp(head.tag, tag, 4) == 0;
	place = find_place(head.tag);
	if (place == 0)
		return head.flags & CRITICAL ? dsad_newer(r, error) : DSAD_OK;
	if (!is_in_place(r, place, *known) || sections[place - 1].critical != (head.flags == CRITICAL))
		return dsad_corrupt(error, "a section is not in its place");
	r->place = place;
	return DSAD_OK;
}

/* Finds the next section with this tag, skipping those that scoring does without and unknown ones that are not
 * critical. */
DsadStatus
dsad_find_section(DsadReader *r, const char *tag, DsadReader *body, DsadError *error)
{
	bool		known = false;
	DsadStatus	status = DSAD_OK;

	while (status == DSAD_OK && !known)
		status = next_section(r, tag, body, &known, error);
	return status;
}

/* What follows the last section that was asked for: those that every model has, and none that is critical beside. */
DsadStatus
dsad_end_sections(DsadReader *r, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	while (r->left > 0 && status == DSAD_OK)
	{
		DsadReader	body;
		bool		known;

		status = next_section(r, NULL, &body, &known, error);
	}
	if (status == DSAD_OK && r->place != SECTIONS)
		return dsad_corrupt(error, "a section is missing");
	return status == DSAD_OK ? dsad_watch_status(r->watch, error) : status;
}
