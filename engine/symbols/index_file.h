/* SPDX-License-Identifier: Apache-2.0 */
/** @file The modules of one ELF as a file: docs/index-format.md. */
#ifndef SYMBOLS_INDEX_FILE_H
#define SYMBOLS_INDEX_FILE_H

#include <faultline/symbols.h>

#define FL_INDEX_FILE_MAGIC   "FLINDEXF"
#define FL_INDEX_FILE_VERSION 2

/** Followed by a place for each module, then the modules. */
struct fl_index_file {
	char magic[8];
	uint32_t version;
	uint32_t reserved;
	uint8_t hash[16]; /**< XXH3-128 of everything behind it */
	uint64_t size;    /**< of everything */
	uint32_t module_count;
	uint32_t reserved2;
	uint8_t engine[16]; /**< fl_index_engine */
	uint64_t device, inode;
	int64_t mtime_ns;
	uint64_t elf_size;
	uint8_t elf_hash[16];
	uint64_t build_id_off;
	uint8_t build_id[20];
	uint8_t build_id_size;
	uint8_t flags; /**< of the first module: enum fl_index_flag */
	uint8_t reserved3[2];
};
_Static_assert(sizeof(struct fl_index_file) == FL_SYMBOLS_INDEX_HEAD, "no padding");

struct fl_index_place {
	uint64_t off;
	uint64_t size;
};

/** Changes with every source of the engine. Generated. */
extern const uint8_t fl_index_engine[16];

#endif
