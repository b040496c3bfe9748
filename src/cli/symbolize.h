/* SPDX-License-Identifier: Apache-2.0 */
/** @file Pieces of the verb symbolize: reading addresses, writing places. */
#ifndef CLI_SYMBOLIZE_H
#define CLI_SYMBOLIZE_H

#include "cli/cli.h"

/* --- symbolize_input.c --- */

enum cli_address_kind {
	CLI_ADDRESS,
	CLI_NO_ADDRESS,  /**< something else */
	CLI_LONG_NUMBER, /**< a number of more than 32 bits */
	CLI_BLANK,       /**< nothing but blanks */
};

/** Hexadecimal, with or without 0x, blanks around it. @p ret is 0 for everything else. */
enum cli_address_kind cli_parse_address(const char *text, size_t size, uint32_t *ret);

enum { CLI_INPUT_ROOM = 256 * 1024 };

/** Lines of a descriptor. Zero-initialised but for @ref fd it stands before the first. */
struct cli_input {
	int fd;
	bool ended;
	bool skipping; /**< inside a line that is longer than the buffer */
	size_t begin, end;
	char bytes[CLI_INPUT_ROOM];
};

/**
 * Wait for more bytes; what was not taken yet stays. Returns as soon as something is there, so that
 * a pipe can be a conversation. @return false at the end or after an error line.
 */
bool cli_input_fill(struct cli_input *input, bool *failed_ret);

/**
 * The next line that is complete, without its end. One that is longer than the buffer comes as
 * its beginning, once.
 */
bool cli_input_line(struct cli_input *input, const char **text_ret, size_t *size_ret);

/* --- symbolize_output.c --- */

struct cli_place_style {
	bool json;
	bool addr2line; /**< what addr2line prints with the flags below */
	bool functions, inlines, addresses, pretty, basenames;
	bool demangle;     /**< linkage names are demangled */
	bool many_modules; /**< the module is worth a word */
};

/** What was asked, and what was found. */
struct cli_place {
	enum cli_address_kind kind;
	uint64_t number; /**< of the line or operand, from 1 */
	uint32_t addr;   /**< as it was given */
	const struct fl_scope *scopes;
	size_t count;
	const char *module; /**< NULL: no code there */
};

enum { CLI_OUTPUT_ROOM = 64 * 1024 };

/** Text on its way to stdout. Zero-initialised is empty. */
struct cli_output {
	size_t used;
	char bytes[CLI_OUTPUT_ROOM];
};

/** Append the answer to one address. */
void cli_put_place(struct cli_output *out, const struct cli_place_style *style,
		   const struct cli_place *place);

/** Hand everything to the reader. False when stdout takes no more. */
bool cli_output_flush(struct cli_output *out);

#endif
