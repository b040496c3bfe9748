/* SPDX-License-Identifier: Apache-2.0 */
#include "store/elf_files.h"
#include "store/symbol_match.h"

#include <inttypes.h>
#include <string.h>

enum fl_code fl_store_open_symbols(struct fl_store *store, int64_t id, struct fl_symbol_choice *ret,
				   struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_READ);
	struct fl_symbol_choice choice = { .id = id, .companion_fd = -1, .companion_index_fd = -1 };
	struct fl_symbol_fit file;
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		return fl_fail(err, code, FL_AT_NONE, 0, "there is no symbol file %" PRId64, id);
	if (code || (code = fl_symbol_fit_read(&query, &file, err)) ||
	    (code = fl_elf_file_open_indexed(store, file.hash, &choice.fd, &choice.index_fd,
					     choice.index_refusal, err)))
		return code;
	memcpy(choice.hash, file.hash, sizeof(choice.hash));
	memcpy(choice.name, file.name, sizeof(choice.name));
	*ret = choice;
	return FL_OK;
}
