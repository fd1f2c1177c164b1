/*
 * pgvector.c
 *	  vector and halfvec of the extension pgvector where they lie, without a call of
 *	  their casts, and without the extension to build.
 *
 * Anyone may call a type vector.  One is read in place only if it is a base type, which
 * a superuser made, and belongs to the extension "vector"; and of its values only those
 * whose size is what their dimension says.  All others go through their cast.
 */
#include "pg/pg_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/syscache.h"

#include "rows/pgvector.h"

#define EXTENSION "vector"

/* A value without its length word, as pgvector writes it. */
typedef struct VectorHeader
{
	int16		dimension;
	int16		unused;			/* 0 */
} VectorHeader;

/* What a type of the extension is, by its name. */
static DeepsadLayout
layout_by_name(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	DeepsadLayout layout = DEEPSAD_LAYOUT_UNKNOWN;
	Form_pg_type form;

	if (!HeapTupleIsValid(tuple))
		return layout;
	form = (Form_pg_type) GETSTRUCT(tuple);
	if (form->typtype != TYPTYPE_BASE || form->typlen != -1)
		layout = DEEPSAD_LAYOUT_UNKNOWN;
	else if (strcmp(NameStr(form->typname), "vector") == 0)
		layout = DEEPSAD_LAYOUT_VECTOR;
	else if (strcmp(NameStr(form->typname), "halfvec") == 0)
		layout = DEEPSAD_LAYOUT_HALFVEC;
	else if (strcmp(NameStr(form->typname), "sparsevec") == 0)
		layout = DEEPSAD_LAYOUT_SPARSEVEC;
	ReleaseSysCache(tuple);
	return layout;
}

/* How values of a type lie: known only of pgvector's own types. */
DeepsadLayout
deepsad_pgvector_layout(Oid type)
{
	DeepsadLayout layout = layout_by_name(type);
	Oid			extension;

	if (layout == DEEPSAD_LAYOUT_UNKNOWN)
		return layout;
	extension = getExtensionOfObject(TypeRelationId, type);
	return OidIsValid(extension) && extension == get_extension_oid(EXTENSION, true) ? layout : DEEPSAD_LAYOUT_UNKNOWN;
}

/* Whether the current user may name a type. */
static bool
may_use(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Datum		usage = CStringGetTextDatum("USAGE");
	Oid			schema;
	bool		may;

	if (!HeapTupleIsValid(tuple))
		return false;
	schema = ((Form_pg_type) GETSTRUCT(tuple))->typnamespace;
	ReleaseSysCache(tuple);
	may = DatumGetBool(DirectFunctionCall2(has_schema_privilege_id, ObjectIdGetDatum(schema), usage));
	return may && DatumGetBool(DirectFunctionCall2(has_type_privilege_id, ObjectIdGetDatum(type), usage));
}

/* pgvector's type vector in this database, InvalidOid where it is not installed or the current user may not name it. */
Oid
deepsad_pgvector_type(void)
{
	Oid			extension = get_extension_oid(EXTENSION, true);
	Oid			found = InvalidOid;
	ScanKeyData key[2];
	Relation	depend;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(extension))
		return InvalidOid;
	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ExtensionRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(extension));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, lengthof(key), key);
	while (!OidIsValid(found) && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->deptype == DEPENDENCY_EXTENSION && form->classid == TypeRelationId &&
			layout_by_name(form->objid) == DEEPSAD_LAYOUT_VECTOR)
			found = form->objid;
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return OidIsValid(found) && may_use(found) ? found : InvalidOid;
}

/*
 * The numbers of a value, *count of them, at any address: where it lies, unless it is
 * compressed or out of line.  False when its size is not what its dimension says.
 */
bool
deepsad_pgvector_open(DeepsadLayout layout, Datum datum, const char **numbers, uint32 *count)
{
	const struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	Size		size = VARSIZE_ANY_EXHDR(value);
	VectorHeader header;

	if (size < sizeof(header))
		return false;
	memcpy(&header, VARDATA_ANY(value), sizeof(header));
	if (header.dimension < 1 || header.dimension > DEEPSAD_VECTOR_MAX_NUMBERS || header.unused != 0 ||
		size != sizeof(header) +
					(Size) header.dimension * (layout == DEEPSAD_LAYOUT_VECTOR ? sizeof(float) : sizeof(uint16)))
		return false;
	*numbers = VARDATA_ANY(value) + sizeof(header);
	*count = (uint32) header.dimension;
	return true;
}

/* Floats of 16 bits (IEEE 754 binary16), at any address, as floats: exact. */
void
deepsad_pgvector_halves(const char *halves, uint32 count, float *numbers)
{
	for (uint32 i = 0; i < count; i++)
	{
		uint16		half;
		uint32		bits;
		float		number;

		memcpy(&half, halves + i * sizeof(half), sizeof(half));
		/* fraction and exponent where a float has them, whose exponents are 112 larger */
		bits = (uint32) (half & 0x7FFF) << 13;
		memcpy(&number, &bits, sizeof(number));
		number *= 0x1p112f;
		memcpy(&bits, &number, sizeof(bits));
		/* 65536 and beyond stand for infinity and NaN, which are the largest exponent; then the sign */
		bits |= (bits >= 0x47800000 ? 0x7F800000 : 0) | (uint32) (half & 0x8000) << 16;
		memcpy(numbers + i, &bits, sizeof(bits));
	}
}
