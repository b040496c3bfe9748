/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The child process that does everything that touches untrusted bytes (dumps, ELFs).
 *
 * One child is kept, not one per dump: forked early, confined by seccomp and rlimits, given a
 * deadline per request, recycled after a number of requests, holding the last compiled ELFs in
 * memory. Inputs go in as memory and descriptors that the child cannot write (sealed memfds; those
 * of an ELF only until it is compiled), results come back in shared memory and are copied and
 * bounds-checked before use. A child that dies or stalls costs its request FL_ECHILD; the next
 * request gets a new child.
 *
 * An input is blamed for a death when a child that had read nothing else died of it, or when the
 * deadline passed. Otherwise (an earlier input may have corrupted the child; someone killed it) the
 * request is tried once more in a new child. Killed from outside (SIGKILL) again, it fails with
 * FL_ENOMEM: the machine's trouble, which may pass.
 *
 * A handle is for one thread of the process that opened it.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <faultline/analyze.h>
#include <faultline/auto.h>
#include <faultline/symbols.h>

struct fl_sandbox;

enum fl_sandbox_mode {
	FL_SANDBOX_AUTO,    /**< seccomp where this build and kernel have it, else a plain child */
	FL_SANDBOX_REQUIRE, /**< fail without seccomp */
	FL_SANDBOX_OFF,     /**< in this process, no child */
};

struct fl_sandbox_options {
	enum fl_sandbox_mode mode;
	unsigned deadline_ms;   /**< per request; 0 = 30000 */
	unsigned requests;      /**< recycle the child after so many; 0 = 10000 */
	size_t memory_limit;    /**< RLIMIT_AS in bytes; 0 = 4 GiB */
	unsigned cached_images; /**< compiled ELFs kept in the child; 0 = 8 */
	bool compile_apart;     /**< ELFs with a key, known by their contents, are compiled in a
				     child of their own: the one that stays remains small */
	bool facts_only;        /**< reports are for fl_report_facts() and
				 fl_sandbox_take_encoded(): those that have an encoded form
				 need not have more */
	const struct fl_rules_file *rules; /**< signature lists; NULL: the built-in ones */
	size_t rules_count;
};

/**
 * Start the child. Call before the heap grows. @p options may be NULL. With FL_SANDBOX_AUTO the
 * first request says if it could not be confined, otherwise this does.
 */
FL_MUST_CHECK enum fl_code fl_sandbox_open(const struct fl_sandbox_options *options,
					   struct fl_sandbox **ret, struct fl_error *err);
/** Stops the child. NULL is allowed. */
void fl_sandbox_close(struct fl_sandbox *sandbox);
FL_OWNED(fl_sandbox, fl_sandbox_close)

/** No request follows: the child ends while the caller goes on. One that does follow gets another.
 */
void fl_sandbox_dismiss(struct fl_sandbox *sandbox);

/** "seccomp", "process" or "none": what isolates the analysis; also written into its reports. */
const char *fl_sandbox_name(struct fl_sandbox *sandbox);

/** An ELF to analyse with. */
struct fl_sandbox_elf {
	int fd;           /**< regular file, open for reading only; stays the caller's */
	const char *name; /**< for the report */
	bool has_key;
	uint8_t key[16]; /**< content hash: lets the child reuse its compiled form */
	bool has_index;
	int index_fd; /**< its index (fl_symbols_encode()), like fd; used when it is sound */
	bool verify;  /**< and compiled from these bytes */
};

/** What fl_symbols_encode() shall write for this file. */
struct stat;
struct fl_symbols_origin fl_sandbox_origin(const struct stat *info);

/** What a death looked like. Filled when a call returns FL_ECHILD. */
struct fl_sandbox_death {
	char reason[160]; /**< "killed by SIGSEGV at 0x...", "no answer within 30000 ms", "forbidden
			     system call 41" */
	char backtrace[4096]; /**< the child's own frames, one per line; may be empty */
};

/**
 * Analyse a dump with @p count ELFs (0 is fine). The report was decoded from the child's bytes.
 * @param death may be NULL.
 * @retval FL_ECHILD  the child died or stalled on this input.
 * @retval FL_ENOMEM  out of memory, or the child was killed from outside, twice.
 * Other failures are fl_analyze()'s and fl_symbols_open()'s.
 */
FL_MUST_CHECK enum fl_code fl_sandbox_analyze(struct fl_sandbox *sandbox, const void *dump,
					      size_t size, const struct fl_sandbox_elf *elfs,
					      size_t count, struct fl_report **ret,
					      struct fl_sandbox_death *death, struct fl_error *err);

/** The same for a reboot or trace event; other failures are fl_analyze_event()'s. */
FL_MUST_CHECK enum fl_code
fl_sandbox_analyze_event(struct fl_sandbox *sandbox, const void *event, size_t size,
			 const struct fl_sandbox_elf *elfs, size_t count, struct fl_report **ret,
			 struct fl_sandbox_death *death, struct fl_error *err);

/**
 * The binary form of the last report, as the child wrote it: decoding has checked all of it. Once
 * for each report.
 * @retval false there is none: fl_report_encode() makes one.
 */
bool fl_sandbox_take_encoded(struct fl_sandbox *sandbox, struct fl_buffer *ret);

/**
 * What became of the indexes that the last request was given: bit i is set when that of ELF i was
 * not used because something is wrong with it.
 * @param reason_ret of the first; "" for none.
 */
uint32_t fl_sandbox_refused(const struct fl_sandbox *sandbox, const char **reason_ret);

/**
 * The index of an ELF, for a file. Checked like a report: whole, in bounds.
 * @param stored the ELF is known by its contents: the index does not say which file it was.
 * @retval FL_ELIMIT it is larger than a result may be.
 * Other failures as fl_sandbox_inspect_elf().
 */
FL_MUST_CHECK enum fl_code
fl_sandbox_encode_elf(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf, bool stored,
		      struct fl_buffer *ret, struct fl_sandbox_death *death, struct fl_error *err);

/** Modules of an ELF, copied out of the child. Release with fl_sandbox_modules_deinit(). */
struct fl_sandbox_modules {
	struct fl_module_info *modules; /**< their texts are owned by this struct */
	size_t count;
};
void fl_sandbox_modules_deinit(struct fl_sandbox_modules *modules);

/** Compile an ELF and say what it is; errors as fl_symbols_open(). */
FL_MUST_CHECK enum fl_code
fl_sandbox_inspect_elf(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf,
		       struct fl_sandbox_modules *ret, struct fl_sandbox_death *death,
		       struct fl_error *err);

/** What a look-up gives as linkage_name. */
enum fl_sandbox_names {
	FL_NAMES_LINKAGE,   /**< what the linker has */
	FL_NAMES_DEMANGLED, /**< the same by fl_symbols_demangle(); NULL for what is not mangled */
};

/** Addresses of one look-up. */
enum { FL_SANDBOX_ADDRESSES = 16384 };

/** Where addresses are, copied out of the child. Release with fl_sandbox_places_deinit(). */
struct fl_sandbox_places {
	void *bytes;
	size_t count;
};
void fl_sandbox_places_deinit(struct fl_sandbox_places *places);

/**
 * Find functions and lines of @p count addresses: fl_symbols_lookup() of each, with the ELFs
 * compiled at most once as long as they have a key.
 * @param elfs  the main ELF first.
 * @retval FL_EINVALID more than FL_SANDBOX_ADDRESSES.
 * @retval FL_ELIMIT   the answer is too large: ask for fewer at once.
 * @retval FL_ECHILD   the child died or stalled. Other failures are fl_symbols_open()'s.
 */
FL_MUST_CHECK enum fl_code fl_sandbox_lookup(struct fl_sandbox *sandbox,
					     const struct fl_sandbox_elf *elfs, size_t elf_count,
					     enum fl_sandbox_names names, const uint32_t *addrs,
					     size_t count, struct fl_sandbox_places *ret,
					     struct fl_sandbox_death *death, struct fl_error *err);

/**
 * The scopes of the address that was given at @p index, as of fl_symbols_lookup(). Texts are UTF-8
 * without control characters and live as long as @p all.
 */
size_t fl_sandbox_place(const struct fl_sandbox_places *all, size_t index,
			struct fl_scope ret[FL_SCOPES_MAX], const char **module_ret);

#endif
