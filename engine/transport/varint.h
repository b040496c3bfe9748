/* SPDX-License-Identifier: Apache-2.0 */
/** @file The lengths and offsets of chunks and runs: unsigned LEB128 of 32 bits. */
#ifndef TRANSPORT_VARINT_H
#define TRANSPORT_VARINT_H

#include "base/reader.h"

/** At most 5 bytes; a value of more than 32 bits latches FL_EFORMAT. */
uint32_t fl_read_varint(struct fl_reader *r);

#endif
