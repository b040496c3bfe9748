/* SPDX-License-Identifier: Apache-2.0 */
/** @file Fault registers -> facts. */
#ifndef FAULT_DECODE_H
#define FAULT_DECODE_H

#include "model/fault.h"
#include "model/memory.h"
#include "model/registers.h"

/**
 * Read the system control space words from @p memory (only bytes captured in the dump count, never
 * an ELF's) and decode every set bit. docs/formats.md, "Fault status registers".
 */
void fl_fault_decode(const struct fl_memory *memory, enum fl_arch arch, struct fl_fault *ret);

#endif
