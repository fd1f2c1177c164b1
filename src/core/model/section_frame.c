/*
 * section_frame.c
 *	  Sections of a model's bytes, each with a header of 16 bytes: tag 4, flags 4, length 8.
 */
#include "core/model/section_frame.h"

#include <string.h>

#include "core/model/model.h"

/* A section's header: tag, flags, and room for the length of its body, whose start is returned. */
size_t
dsad_begin_section(DsadWriter *w, const char *tag, uint32_t flags)
{
	dsad_put_bytes(w, tag, 4);
	dsad_put_int(w, flags, 4);
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

/* Something that only a later format has: the bytes' own or the next. */
DsadStatus
dsad_newer(const DsadReader *r, DsadError *error)
{
	return dsad_fail(error, DSAD_NEWER_FORMAT, NULL, "model was made by deepsad format %u, this is %u",
					 r->format > DSAD_FORMAT ? r->format : DSAD_FORMAT + 1, DSAD_FORMAT);
}

/* The sections that every model has, in their order. */
static const char sections[][5] = {"OPTS", "ENCO", "SCAL", "FACT", "TRST", "MEMB", "HIST", "CALI", "SKET"};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* The place of a section among those that every model has, from 1; 0: it is none of them. */
static uint32_t
find_place(const uint8_t *tag)
{
	for (uint32_t i = 0; i < SECTIONS; i++)
		if (memcmp(tag, sections[i], 4) == 0)
			return i + 1;
	return 0;
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
 * Hands out the next section's body; `known` says whether its tag is the one given.  Sections that every model has
 * come in their order, each once but for the members, whether their bodies are asked for or skipped.
 */
static DsadStatus
next_section(DsadReader *r, const char *tag, DsadReader *body, bool *known, DsadError *error)
{
	Head		head;
	uint32_t	place;

	if (!get_head(r, &head))
		return dsad_corrupt(error, "a section is cut short");
	if (head.flags & ~(uint32_t) DSAD_SECTION_CRITICAL)
		return dsad_newer(r, error);
	*body = (DsadReader) {dsad_get_bytes(r, (size_t) head.length), (size_t) head.length, false, r->watch, r->format, 0};
	*known = tag != NULL && memcmp(head.tag, tag, 4) == 0;
	place = find_place(head.tag);
	if (place == 0)
		return !*known && (head.flags & DSAD_SECTION_CRITICAL) ? dsad_newer(r, error) : DSAD_OK;
	if (place != r->place + 1 && !(*known && place == r->place))
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
