/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What parent and child say to each other: one datagram each way on a SOCK_SEQPACKET pair,
 * fixed-size structs of the same program (the child is a fork), descriptors beside the request.
 *
 * The child may have been taken over by its input. So a request is never larger than the struct,
 * and of a reply the parent trusts nothing: exact size, every number range-checked, every string
 * terminated by the parent.
 */
#ifndef SANDBOX_WIRE_H
#define SANDBOX_WIRE_H

#include <faultline/error.h>

#include <stddef.h>
#include <stdint.h>

enum {
	FL_WIRE_NAME = 256, /**< bytes of a name, NUL included */
	FL_WIRE_ELFS = 32,  /**< ELFs of one request */
	FL_WIRE_FDS = 2 * FL_WIRE_ELFS + 1,
	FL_WIRE_MODULES = 1024,        /**< modules of one reply */
	FL_WIRE_RESULT_MAX = 64 << 20, /**< bytes of one result */
	FL_WIRE_WINDOW = 1 << 20,      /**< bytes of the window, see fl_wire_request */
	FL_WIRE_ANSWER = 1 << 20       /**< bytes of the answer's window, see fl_wire_reply */
};

/** Descriptors of the child. Everything else is closed. */
enum {
	FL_FD_SOCKET = 0,
	FL_FD_WORDS = 2, /**< stderr: what libc says before it aborts; 1 is the same file */
	FL_FD_RESULT = 3,
	FL_FD_COUNT = 4,
};

enum fl_wire_kind {
	FL_WIRE_ANALYZE = 1,  /**< the input is in the window */
	FL_WIRE_ANALYZE_FILE, /**< the input is the first descriptor */
	FL_WIRE_INSPECT,
	FL_WIRE_ENCODE,
	FL_WIRE_LOOKUP, /**< the window holds input_size bytes of addresses, u32 each */
};

/** What is analysed. */
enum fl_wire_input { FL_WIRE_DUMP, FL_WIRE_EVENT };

struct fl_wire_elf {
	uint64_t size; /**< of the file, when the parent looked */
	uint64_t device, inode;
	int64_t mtime_ns;
	uint64_t index_size; /**< of the index, 0 = none is given */
	uint32_t has_key;
	uint32_t verify; /**< the index is only used when the ELF's hash is right */
	uint8_t key[16];
	char name[FL_WIRE_NAME];
};

/**
 * Sent up to the last used element of @ref elfs. Descriptors: the input (analyze file only), then
 * the ELFs, then the indexes of those that have one. Without @ref given there are none of ELFs: the
 * parent thinks that the child has them all compiled, and only their keys and names count.
 *
 * The window is memory that the parent can write and the child cannot (a memfd with
 * F_SEAL_FUTURE_WRITE). Almost every input fits; a larger one comes as a sealed memfd of its own,
 * which costs several times as much as the round trip.
 */
struct fl_wire_request {
	uint32_t kind;
	uint32_t elf_count;
	uint32_t input;      /**< analyze: enum fl_wire_input; look-up: enum fl_sandbox_names */
	uint32_t given;      /**< the descriptors of the ELFs are beside it */
	uint64_t input_size; /**< bytes */
	struct fl_wire_elf elfs[FL_WIRE_ELFS];
};

static inline size_t fl_wire_request_size(uint32_t elf_count)
{
	return offsetof(struct fl_wire_request, elfs) + elf_count * sizeof(struct fl_wire_elf);
}

/**
 * The answer. With code FL_OK the first @ref size bytes of the answer's window (memory that both
 * can write, for as long as the child lives) or, if they are too many for it, of the result file
 * hold an encoded report (analyze), @ref count structs fl_wire_module (inspect), packed places
 * (look-up, places.h) or an index (encode).
 */
struct fl_wire_reply {
	uint32_t code;        /**< enum fl_code */
	uint32_t count;       /**< modules; in the first message of a child: enum fl_isolation */
	uint32_t wants_files; /**< no answer: ask again, with the descriptors */
	uint64_t size;
	struct fl_error error;
	uint32_t
		refused; /**< bit i: the index of ELF i is not what it should be and was not used */
	char refusal[200]; /**< why, of the first */
};

/** How far the child could be confined. */
enum fl_isolation { FL_ISOLATION_NONE, FL_ISOLATION_PROCESS, FL_ISOLATION_SECCOMP };

struct fl_wire_module {
	char name[FL_WIRE_NAME];
	uint8_t build_id[20];
	uint8_t build_id_size;
	uint8_t has_debug_info;
	uint8_t has_unwind_info;
	uint8_t has_symbol_table;
	uint8_t has_code_bytes;
	uint32_t function_count;
	uint32_t code_addr;
	uint64_t code_end;
	uint32_t warning_count;
	uint32_t reserved;
	char warning[FL_WIRE_NAME]; /**< the first; "" for none */
};

#endif
