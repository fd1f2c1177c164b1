/*
 * model_tensors.h
 *	  What the writer and the reader of a model's tensors must agree on.
 */
#ifndef DEEPSAD_MODEL_TENSORS_H
#define DEEPSAD_MODEL_TENSORS_H

/* A key of the metadata, and which edition of doc/exchange.md a file follows. */
#define DEEPSAD_TENSORS_KEY "deepsad"
#define DEEPSAD_TENSORS_EDITION "1"

#endif
