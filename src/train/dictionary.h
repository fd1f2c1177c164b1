/*
 * dictionary.h
 *	  The different values of a category column, as rows come.
 */
#ifndef DEEPSAD_DICTIONARY_H
#define DEEPSAD_DICTIONARY_H

#include "core/dsad.h"

typedef struct DeepsadDictionary DeepsadDictionary;

extern DeepsadDictionary *deepsad_dictionary_create(MemoryContext parent, Size most);
extern uint32 deepsad_dictionary_add(DeepsadDictionary *dictionary, DsadBytes value);
extern bool deepsad_dictionary_full(const DeepsadDictionary *dictionary);
extern uint32 deepsad_dictionary_distinct(const DeepsadDictionary *dictionary);
extern uint64 deepsad_dictionary_hash(const DeepsadDictionary *dictionary, uint32 number);
extern double deepsad_dictionary_digits(const DeepsadDictionary *dictionary, uint32 number);
extern uint32 *deepsad_dictionary_choose(DeepsadDictionary *dictionary, uint32 top, DsadColumn *column);

#endif
