/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Everything one firmware ELF says, read once: what symbols/ compiles its tables from.
 *
 * Claims, not truth: functions that the linker discarded are in here too.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/pages.h"
#include "image/build_id.h"
#include "image/debug_info.h"
#include "image/elf.h"
#include "image/exidx.h"
#include "image/section_bytes.h"
#include "image/symtab.h"
#include "target/registers.h"

#include <faultline/auto.h>

struct fl_image {
	struct fl_arena arena;
	struct fl_findings findings;
	struct fl_elf elf;
	uint8_t hash[16]; /**< XXH3-128 of the ELF, for who has one: not computed here */
	enum fl_arch arch;
	uint8_t build_id[FL_BUILD_ID_SIZE];
	uint8_t build_id_size;
	bool is_linked; /**< false: an object file; nothing but sections and build id was read */
	struct fl_vec symbols; /**< struct fl_symbol, in file order */
	struct fl_debug_sections sections;
	struct fl_intern strings; /**< paths; offset 0 is "" */
	struct fl_debug_info debug;
	struct fl_vec exidx;         /**< struct fl_exidx_row */
	struct fl_vec exidx_opcodes; /**< uint8_t */
};

/**
 * @param bytes borrowed until the image is closed.
 * @param pages of the file that they lie in; NULL: it stays in memory.
 * @param ret   set only on success; release with fl_image_close().
 *
 * @retval FL_EFORMAT      as fl_elf_open().
 * @retval FL_EUNSUPPORTED as fl_elf_open().
 * @retval FL_ENOMEM
 *
 * Damaged or missing debug information is a finding.
 */
FL_MUST_CHECK enum fl_code fl_image_open(const char *name, const void *bytes, size_t size,
					 struct fl_pages *pages, struct fl_image **ret,
					 struct fl_error *err);

/** NULL is allowed. */
void fl_image_close(struct fl_image *image);
FL_OWNED(fl_image, fl_image_close)

/** Name prefix of the sections that hold a whole further ELF (docs/formats.md). */
#define FL_AUX_PREFIX ".mflt_aux_symbols."

#endif
