/* SPDX-License-Identifier: Apache-2.0 */
/** @file A device coredump: identity, registers, captured memory. */
#ifndef FAULTLINE_DUMP_H
#define FAULTLINE_DUMP_H

#include "auto.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A parsed coredump: register sets plus the memory regions that were captured.
 *
 * Immutable once opened, so one dump may be read from several threads.
 */
struct fl_dump;

/**
 * Parse a coredump held in memory. The format is detected from the first bytes.
 *
 * @param bytes borrowed: regions are views into it, so it must stay mapped
 *              until fl_dump_close().
 * @param size  in bytes.
 * @param ret   set only on success; release with fl_dump_close().
 *
 * @retval FL_EFORMAT      not a coredump, or shorter than its header; `at` is the file offset.
 * @retval FL_EUNSUPPORTED recognised, but not a Cortex-M target.
 * @retval FL_ENOMEM
 *
 * A dump cut short (by the device or on the way) is *not* a failure: the part that
 * was written is kept and a finding is recorded.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_dump_open(const void *bytes, size_t size, struct fl_dump **ret, struct fl_error *err);

/** Release a dump. NULL is allowed. */
FL_API void fl_dump_close(struct fl_dump *dump);
FL_OWNED(fl_dump, fl_dump_close)

/** Who made the dump. Strings are UTF-8, NUL-terminated, NULL where the dump has none. */
struct fl_dump_identity {
	const char *device_serial;
	const char *hardware_version;
	const char *software_type;
	const char *software_version;
	uint8_t build_id[20];
	uint8_t build_id_size; /**< 0 or 20 */
	bool has_reason;
	uint32_t reason; /**< reboot-reason code, docs/formats.md */
};

/** Everything returned lives until fl_dump_close(). */
FL_API const struct fl_dump_identity *fl_dump_identity(const struct fl_dump *dump);

/**
 * Copy target memory out of the dump, all or nothing.
 *
 * @param address target address of the first byte.
 * @param size    in bytes; may span adjacent regions; address + size may not wrap.
 * @retval FL_EUNMAPPED some byte was not captured; `at` is the lowest such address.
 * @retval FL_EINVALID  address + size wraps.
 */
FL_API FL_MUST_CHECK enum fl_code fl_dump_read(const struct fl_dump *dump, uint32_t address,
					       void *buf, size_t size, struct fl_error *err);

#ifdef __cplusplus
}
#endif

#endif
