/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * A second opinion on DWARF: all that libdwarf says, in the most naive way. It shares nothing with
 * engine/image, not even how an ELF is opened; what the engine leaves out on purpose is in here.
 *
 * Slow, keeps everything, and only for files that can be trusted: any error of libdwarf ends the
 * program, and the 2021 release does not survive crafted files.
 */
#ifndef SUPPORT_LIBDWARF_READER_H
#define SUPPORT_LIBDWARF_READER_H

#include "support/libdwarf_reader/said.h"

struct libdwarf_reader;

/** @param fd closed when the reader is. An ELF without debug information says nothing. */
struct libdwarf_reader *libdwarf_reader_open(int fd);
void libdwarf_reader_close(struct libdwarf_reader *reader);

/** The reader's own: the caller may take out of the lists what does not matter. */
struct said *libdwarf_reader_said(struct libdwarf_reader *reader);

#endif
