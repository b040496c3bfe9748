/* SPDX-License-Identifier: Apache-2.0 */
/** @file What a device sends, in whatever it travels in, and a database that takes it in. */
#ifndef PARCEL_H
#define PARCEL_H

#include "intake/intake.h"
#include "support/elf_writer.h"
#include "support/packetizer.h"

#include <stdio.h>

/* --- a database in a folder of its own --- */

struct depot {
	char folder[64], database[128], locks[160];
	struct fl_store *store; /**< NULL until depot_store() */
};
void depot_make(struct depot *depot);
void depot_remove(struct depot *depot);
#define DEPOT_AUTO __attribute__((__cleanup__(depot_remove))) struct depot
struct fl_store *depot_store(struct depot *depot);
/** Also: what a process that ends does. */
void depot_close(struct depot *depot);

/** What there is in all. */
struct stock {
	struct fl_queue_counts queue;
	uint64_t heartbeats, corrupt, others; /**< kept ones */
	struct fl_transport_counts transport;
};
struct stock depot_stock(struct depot *depot);
uint64_t depot_pending(struct depot *depot, const char *device);

/* --- messages --- */

/** A coredump with @p memory bytes that depend on @p seed. */
void put_dump_message(struct bytes *out, unsigned seed, size_t memory, bool rle);
void put_heartbeat_message(struct bytes *out, unsigned seed);
void put_reboot_message(struct bytes *out, uint32_t pc);
/** Four messages: dump, heartbeat, reboot, dump, in chunks of @p size. */
void pack_sample(struct packets *packets, size_t size);

/* --- carriers --- */

void put_string(struct bytes *out, const char *format, ...) FL_PRINTF(2, 3);
void put_log(struct bytes *out, const struct packets *packets);
void put_base64(struct bytes *out, const struct packets *packets);
void put_spool(struct bytes *out, const struct packets *packets);
void put_multipart(struct bytes *out, const struct packets *packets);
/** An exported event. */
void put_event(struct bytes *out, const struct packet *packet, const char *device);
void put_json_lines(struct bytes *out, const struct packets *packets, const char *device);
void put_json_array(struct bytes *out, const struct packets *packets, const char *device);
void put_sse(struct bytes *out, const struct packets *packets, const char *device);

/* --- deliveries --- */

/** The options of a file from @p device (may be NULL). */
struct fl_delivery_options options_of(struct depot *depot, const char *device);
/** Feed in pieces of @p piece bytes (0: at once) and end; fails the test when that fails. */
struct fl_intake_summary
deliver(const struct fl_delivery_options *options, const void *bytes, size_t size, size_t piece);

#endif
